using System.CommandLine;
using System.Globalization;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host.Commands;

/// <summary>Options and error handling of the commands that run something.</summary>
internal static class CommonOptions
{
    private static readonly string[] TickerEnabled = [ActorSocketsSettings.Root, "ticker", "enabled"];

    private const string LiveTickerOrigin = "a terminal";

    public static SettingOption Json { get; } = new("--json", null, "Writes one JSON object per event to stdout, and only errors to stderr.",
        ("report.format", "json"));

    public static SettingOption Quiet { get; } = new("--quiet", null, "Writes only errors to stderr.", ("report.quiet", "on"));

    private static SettingOption NoTicker { get; } = new("--no-ticker", null, "Disables the ticker.", ("ticker.enabled", "off"));

    private static SettingOption Interval { get; } = new("--interval", "DURATION", "Enables a ticker that counts this often and measures how late each tick is.",
        ("ticker.interval", null), ("ticker.enabled", "on"));

    public static SettingOption[] Settings { get; } = [Interval, NoTicker, Json, Quiet];

    public static Option<string[]> Set { get; } = CreateSet();

    /// <summary>Adds the common options to a command, after its own.</summary>
    public static void AddTo(Command command, params SettingOption[] own)
    {
        foreach (var option in own.Concat(Settings))
            command.Options.Add(option);
        command.Options.Add(Set);
    }

    /// <summary>The settings that the options of a command make.</summary>
    public static OptionSetting[] From(ParseResult parsed, params SettingOption[] own) => [.. own.Concat(Settings).SelectMany(o => o.From(parsed))];

    /// <summary>
    /// The live table of a command without a file has a ticker row, which shows that nothing blocks. The summary has no line
    /// about a ticker that nobody asked for.
    /// </summary>
    public static IEnumerable<OptionSetting> LiveTicker(ParseResult parsed) =>
        Terminal.IsThere && parsed.GetResult(Json) is null && parsed.GetResult(Quiet) is null
            ? [new OptionSetting(LiveTickerOrigin, ["ticker", "enabled"], "on")]
            : [];

    /// <summary><c>HOST:PORT</c>, <c>[IPv6]:PORT</c> or <c>:PORT</c>, which is loopback; null when it is none of them.</summary>
    public static (string Host, int Port)? Endpoint(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
            return null;
        var host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal))
            return null;
        return (host.Length == 0 ? "127.0.0.1" : host, port);
    }

    /// <summary>Runs what the settings describe.</summary>
    public static Task<int> RunAsync(ParseResult parsed, Func<Task<Layers>> load, Func<Layers>? reload = null) => RunAsync(parsed, _ => load(), reload);

    /// <summary>Runs what the settings describe. Signals are heard from here on; one that comes while they load ends the load.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="load">Loads the settings.</param>
    /// <param name="reload">Loads them again after a SIGHUP; null: SIGHUP stops the run.</param>
    public static async Task<int> RunAsync(ParseResult parsed, Func<CancellationToken, Task<Layers>> load, Func<Layers>? reload = null)
    {
        using var signals = new StopSignals(reloads: reload is not null);
        // On a thread of the pool, and not waited for after a signal: reading a pipe blocks until its writer ends.
        var loading = Task.Run(() => load(signals.Stopped));
        await Task.WhenAny(loading, signals.First);
        if (signals.First.IsCompleted)
        {
            var signal = await signals.First;
            SettingError[] stopped = [new(UserErrors.Usage, $"stopped by {signal} before anything started")];
            return await UserErrors.TellAsync(stopped, ExitCodes.Of(signal), parsed.GetResult(Json) is not null);
        }

        return await TellErrorsAsync(parsed, () => loading, async layers =>
        {
            var settings = ProgramSettings.From(layers.Effective);
            var warnings = RunWarnings.Of(settings).Select(layers.Explain);
            if (!settings.Report.Quiet)
                await UserErrors.WarnAsync(warnings, asJson: settings.Report.Format == ReportFormat.Json);
            return await ActorHost.RunAsync(new ConfigurationSource(layers, reload), layers.OriginOf(TickerEnabled) != LiveTickerOrigin, signals);
        });
    }

    /// <summary>Loads settings and uses them; their errors go to stderr, one line each.</summary>
    public static async Task<int> TellErrorsAsync(ParseResult parsed, Func<Task<Layers>> load, Func<Layers, Task<int>> run)
    {
        Layers? layers = null;
        try
        {
            layers = await load();
            return await run(layers);
        }
        catch (SettingsException e)
        {
            var errors = layers is null ? e.Errors : [.. e.Errors.Select(layers.Explain)];
            return await UserErrors.TellAsync(errors, ExitCodes.Configuration, asJson: parsed.GetResult(Json) is not null);
        }
        catch (ClusterPortException e)
        {
            return await UserErrors.TellAsync([new SettingError($"{ActorSocketsSettings.Root}.cluster", e.Message)], ExitCodes.Failure, asJson: parsed.GetResult(Json) is not null);
        }
        catch (UnexpectedPayloadException e)
        {
            return await UserErrors.TellAsync([e.Error], ExitCodes.Failure, asJson: parsed.GetResult(Json) is not null);
        }
    }

    private static Option<string[]> CreateSet()
    {
        var set = new Option<string[]>("--set")
        {
            HelpName = "PATH=VALUE",
            Description = "Overrides one setting, such as actor-sockets.ticker.interval=100ms. May be repeated.",
        };
        set.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) < 1))
                result.AddError($"--set {token.Value}: needs PATH=VALUE, such as actor-sockets.ticker.interval=100ms");
        });
        return set;
    }
}
