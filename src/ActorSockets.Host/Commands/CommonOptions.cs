using System.CommandLine;
using System.Globalization;
using ActorSockets.Configuration;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host.Commands;

/// <summary>What the commands that run something share.</summary>
internal static class CommonOptions
{
    public static SettingOption Json { get; } = new("--json", null, "One JSON object per event on stdout, and nothing else there; stderr has errors only.",
        ("report.format", "json"));

    public static SettingOption Quiet { get; } = new("--quiet", null, "Errors only.", ("report.quiet", "on"));

    private static SettingOption NoTicker { get; } = new("--no-ticker", null, "No ticker, whatever the configuration says.", ("ticker.enabled", "off"));

    private static SettingOption Interval { get; } = new("--interval", "DURATION", "A ticker, which counts up this often and measures how late it is. Without this: as configured, and in the live table of send and serve.",
        ("ticker.interval", null), ("ticker.enabled", "on"));

    public static SettingOption[] Settings { get; } = [Interval, NoTicker, Json, Quiet];

    public static Option<string[]> Set { get; } = CreateSet();

    /// <summary>Adds them to a command, behind its own.</summary>
    public static void AddTo(Command command, params SettingOption[] own)
    {
        foreach (var option in own.Concat(Settings))
            command.Options.Add(option);
        command.Options.Add(Set);
    }

    /// <summary>What the options of a command say.</summary>
    public static OptionSetting[] From(ParseResult parsed, params SettingOption[] own) => [.. own.Concat(Settings).SelectMany(o => o.From(parsed))];

    /// <summary>
    /// A command without a file has a ticker where its number is a part of the live table: there it shows that nothing
    /// blocks, and is in nobody's way.
    /// </summary>
    public static IEnumerable<OptionSetting> LiveTicker(ParseResult parsed) =>
        Terminal.IsThere && parsed.GetResult(Json) is null && parsed.GetResult(Quiet) is null
            ? [new OptionSetting("a terminal", ["ticker", "enabled"], "on")]
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
    public static Task<int> RunAsync(ParseResult parsed, Func<Task<Layers>> load) =>
        TellErrorsAsync(parsed, load, async layers =>
        {
            var settings = ActorSocketsSettings.From(layers.Effective);
            var warnings = RunWarnings.Of(settings).Select(layers.Explain);
            if (!settings.Report.Quiet)
                await UserErrors.WarnAsync(warnings, asJson: settings.Report.Format == ReportFormat.Json);
            return await ActorHost.RunAsync(layers.Effective);
        });

    /// <summary>Does something with settings; errors in them go to stderr, one line each.</summary>
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
