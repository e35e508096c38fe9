using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Servers;
using ActorSockets.Servers.Sinks;
using ActorSockets.Ticker;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets;

/// <summary>
/// The way in: <c>ActorSocketsExtension.For(system)</c> reads <c>actor-sockets { }</c> from the system's configuration and
/// starts <c>/user/servers</c>, <c>/user/clients</c> and, when it is enabled, <c>/user/ticker</c>. Subscribe to the
/// EventStream before, and no event is missed.
/// </summary>
public sealed class ActorSocketsExtension : IExtension
{
    private readonly ExtendedActorSystem _system;
    private readonly Lazy<Task<bool>> _draining;

    private ActorSocketsExtension(ExtendedActorSystem system, Func<string, ValueTask> print)
    {
        _system = system;
        Settings = ActorSocketsSettings.From(system.Settings.Config);
        var stores = Settings.Servers.ToDictionary(s => s.Name, s => new FileStore(s));
        Servers = system.ActorOf(ServerSupervisor.Props(Settings.Servers, CreateSink, system.Tcp()), "servers");
        Clients = system.ActorOf(ClientSupervisor.Props(Settings.Targets, Settings.MaxConnecting, system.Tcp()), "clients");
        if (Settings.Ticker.Enabled)
            system.ActorOf(TickerActor.Props(Settings.Ticker.Interval), "ticker");

        // The end of the system resets every open socket; until then there is time to finish.
        _draining = new Lazy<Task<bool>>(DrainOnceAsync);
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "actor-sockets", async () =>
        {
            await DrainAsync();
            return Akka.Done.Instance;
        });

        ISink CreateSink(ServerSettings server, string peer) => SinkFactory.Create(new SinkContext(server, peer, print, stores[server.Name]));
    }

    /// <summary>The settings that are in force.</summary>
    public ActorSocketsSettings Settings { get; }

    /// <summary>Takes <see cref="ServerEvents.WhenBound"/>.</summary>
    public IActorRef Servers { get; }

    /// <summary>Takes <see cref="Deliveries.Deliver"/>.</summary>
    public IActorRef Clients { get; }

    /// <summary>Starts the actors of this system on the first call; later calls return the same extension.</summary>
    /// <param name="system">The system that they live in.</param>
    /// <param name="print">
    /// Where console sinks print: writes one or more lines; its task completes when they are written, and the network waits
    /// for that. None: standard output. Later calls change nothing.
    /// </param>
    /// <exception cref="SettingsException">The configuration is wrong; lists every error.</exception>
    public static ActorSocketsExtension For(ActorSystem system, Func<string, ValueTask>? print = null) =>
        (ActorSocketsExtension)system.RegisterExtension(new Provider(print ?? ToStandardOutput));

    /// <summary>Delivers each target's configured payload, under the target's name as id; outcomes go to the EventStream.</summary>
    /// <returns>How many deliveries were begun.</returns>
    public int DeliverConfigured()
    {
        var targets = Settings.Targets.Where(t => t.Payload is not null).ToArray();
        foreach (var target in targets)
            Clients.Tell(new Deliveries.Deliver(target.Name, target.Name, target.Payload!), _system.DeadLetters);
        return targets.Length;
    }

    /// <summary>
    /// Takes no new deliveries and connections and lets those under way end, for <see cref="ActorSocketsSettings.DrainTimeout"/>
    /// at most. Also a part of Akka's coordinated shutdown; later calls return the first one's task.
    /// </summary>
    /// <returns>Whether all of them ended in time.</returns>
    public Task<bool> DrainAsync() => _draining.Value;

    private async Task<bool> DrainOnceAsync()
    {
        try
        {
            await Task.WhenAll(
                Clients.Ask<Deliveries.Drained>(new Deliveries.Drain(), Timeout.InfiniteTimeSpan),
                Servers.Ask<ServerEvents.Drained>(new ServerEvents.Drain(), Timeout.InfiniteTimeSpan)).WaitAsync(Settings.DrainTimeout);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // Off the actors' threads, because a terminal that is stopped blocks whoever writes to it.
    private static ValueTask ToStandardOutput(string lines) => new(Task.Run(() => Console.Out.WriteLine(lines)));

    private sealed class Provider(Func<string, ValueTask> print) : ExtensionIdProvider<ActorSocketsExtension>
    {
        public override ActorSocketsExtension CreateExtension(ExtendedActorSystem system) => new(system, print);
    }
}
