using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Inputs;
using ActorSockets.Host.Reporting;
using ActorSockets.Servers;
using Akka.Actor;

namespace ActorSockets.Host;

/// <summary>
/// Applies a configuration that was read again. Targets and servers that differ come and go one by one; all others keep their queues,
/// deliveries and connections. What is under way on one that goes has the time of a drain. Everything else needs a restart.
/// </summary>
internal sealed class Reloader
{
    private readonly ActorSocketsExtension _sockets;
    private readonly IActorRef _reporter;
    private readonly ActorSocketsSettings _library;
    private readonly TimeSpan _retryTimeout;
    private readonly ConfigurationSource _source;
    private readonly InputPayloads _inputs;
    private readonly EffectiveEntries _started;

    // As they run now.
    private readonly Dictionary<string, Target> _targets;
    private readonly Dictionary<string, Server> _servers;

    /// <param name="sockets">What runs.</param>
    /// <param name="reporter">Hears the result.</param>
    /// <param name="started">The settings that it was started with.</param>
    /// <param name="source">The configuration that they come from.</param>
    /// <param name="inputs">The streams that are being sent: a target that changes goes on with the same one.</param>
    public Reloader(ActorSocketsExtension sockets, IActorRef reporter, ProgramSettings started, ConfigurationSource source, InputPayloads inputs)
    {
        (_sockets, _reporter, _library, _retryTimeout, _source, _inputs) = (sockets, reporter, started.Library, started.DrainRetryTimeout, source, inputs);
        _started = EffectiveEntries.Of(source.Layers);
        (_targets, _servers) = (TargetsOf(started, _started), ServersOf(started, _started));
    }

    /// <summary>Reads the configuration and applies it. A wrong one changes nothing.</summary>
    public async Task ReloadAsync()
    {
        try
        {
            // On a thread of the pool, because reading a file blocks.
            var (settings, entries, warnings) = await Task.Run(Read);
            foreach (var warning in warnings)
                _reporter.Tell(new RunEvents.Warning(warning.Where, warning.Message));
            var (targets, servers) = (ApplyTargetsAsync(TargetsOf(settings, entries)), ApplyServersAsync(ServersOf(settings, entries)));
            _reporter.Tell(new RunEvents.Reloaded([.. await servers, .. await targets], [.. entries.OthersSince(_started)]));
        }
        catch (SettingsException e)
        {
            _reporter.Tell(new RunEvents.ReloadFailed([.. e.Errors.Select(error => error.ToString())]));
        }
        catch (InvalidOperationException)
        {
            // The program is stopping.
        }
    }

    private (ProgramSettings Settings, EffectiveEntries Entries, IReadOnlyList<SettingError> Warnings) Read()
    {
        var layers = _source.Read!();
        try
        {
            var settings = ProgramSettings.From(layers.Effective, _inputs);
            return (settings, EffectiveEntries.Of(layers), [.. RunWarnings.Of(settings).Select(layers.Explain)]);
        }
        catch (SettingsException e)
        {
            throw new SettingsException([.. e.Errors.Select(layers.Explain)]);
        }
    }

    /// <summary>Each on its own: one that takes its time holds up no other.</summary>
    private async Task<IEnumerable<string>> ApplyTargetsAsync(Dictionary<string, Target> wanted)
    {
        string[] different = [.. _targets.Keys.Union(wanted.Keys).Where(name => _targets.GetValueOrDefault(name)?.Text != wanted.GetValueOrDefault(name)?.Text)];
        var applied = await Task.WhenAll(different.Select(name => ApplyAsync(name, _targets.GetValueOrDefault(name), wanted.GetValueOrDefault(name))));
        return Remember(_targets, different, applied);
    }

    private async Task<(Target? Running, string? Change)> ApplyAsync(string name, Target? before, Target? wanted)
    {
        if (before is not null)
            await RemoveTargetAsync(name);
        if (wanted is null)
            return (null, $"target {name} removed");

        // The same payload goes on under its id. When the target has it, it is not sent again.
        var isSame = before?.Payload == wanted.Payload;
        if (isSame)
            wanted = wanted with { Settings = wanted.Settings with { PayloadId = before!.Settings.PayloadId } };
        var settings = wanted.Settings;
        var delivers = settings.Payload is not null && !(isSame && (await SummariseAsync()).Delivered.Contains(name));
        await _sockets.AddTargetAsync(settings);
        _reporter.Tell(new ReporterActor.Added(settings, delivers));
        if (delivers)
            _sockets.Ref.Tell(new Deliveries.Deliver(settings.PayloadId, name, settings.Payload!), ActorRefs.NoSender);
        return (wanted, $"target {name} {(before is null ? "added" : "changed")}");
    }

    /// <summary>As in a drain: a delivery without a connection has retry-timeout to get one, and drain-timeout is for all.</summary>
    private async Task RemoveTargetAsync(string name)
    {
        using var cutOff = new CancellationTokenSource(_library.DrainTimeout);
        var removing = _sockets.RemoveTargetAsync(name, cutOff.Token);
        if (await Task.WhenAny(removing, Task.Delay(_retryTimeout)) != removing)
        {
            foreach (var (target, id) in (await SummariseAsync()).Unconnected.Where(d => d.Target == name))
                _sockets.Ref.Tell(new Deliveries.Cancel(id, target), ActorRefs.NoSender);
        }

        await removing;
    }

    /// <summary>First all that go, because others may want their ports.</summary>
    private async Task<IEnumerable<string>> ApplyServersAsync(Dictionary<string, Server> wanted)
    {
        string[] different = [.. _servers.Keys.Union(wanted.Keys).Where(name => _servers.GetValueOrDefault(name)?.Text != wanted.GetValueOrDefault(name)?.Text)];
        await Task.WhenAll(different.Where(_servers.ContainsKey).Select(async name =>
        {
            using var cutOff = new CancellationTokenSource(_library.DrainTimeout);
            await _sockets.RemoveServerAsync(name, cutOff.Token);
        }));
        var applied = await Task.WhenAll(different.Select(name => AddAsync(name, _servers.GetValueOrDefault(name), wanted.GetValueOrDefault(name))));
        return Remember(_servers, different, applied);
    }

    /// <summary>Where the new one cannot listen, which is an event, the former one comes back.</summary>
    private async Task<(Server? Running, string? Change)> AddAsync(string name, Server? before, Server? wanted)
    {
        if (wanted is null)
            return (null, $"server {name} removed");
        if (await TryAddAsync(wanted))
            return (wanted, $"server {name} {(before is null ? "added" : "changed")}");
        return before is not null && await TryAddAsync(before) ? (before, $"server {name} stays as it was") : (null, null);
    }

    private async Task<bool> TryAddAsync(Server server)
    {
        try
        {
            await _sockets.AddServerAsync(server.Settings);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private Task<ReporterActor.Summarised> SummariseAsync() => _reporter.Ask<ReporterActor.Summarised>(new ReporterActor.Summarise());

    private static IEnumerable<string> Remember<T>(Dictionary<string, T> running, string[] names, (T? Running, string? Change)[] applied) where T : class
    {
        foreach (var (name, (now, _)) in names.Zip(applied))
        {
            if (now is null)
                running.Remove(name);
            else
                running[name] = now;
        }

        return applied.Select(a => a.Change).OfType<string>();
    }

    /// <summary>A target that a relay begins to name, or ceases to, is another one: it gets a line in the outbox, or loses it.</summary>
    private static Dictionary<string, Target> TargetsOf(ProgramSettings settings, EffectiveEntries entries) =>
        settings.Library.Targets.ToDictionary(t => t.Name, t => new Target(t, $"{entries.Targets[t.Name]}{t.Durable}", entries.Payloads[t.Name]), StringComparer.Ordinal);

    private static Dictionary<string, Server> ServersOf(ProgramSettings settings, EffectiveEntries entries) =>
        settings.Library.Servers.ToDictionary(s => s.Name, s => new Server(s, entries.Servers[s.Name]), StringComparer.Ordinal);

    private sealed record Target(TargetSettings Settings, string Text, string Payload);

    private sealed record Server(ServerSettings Settings, string Text);
}
