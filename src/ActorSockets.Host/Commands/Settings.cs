using System.CommandLine;
using System.Globalization;
using ActorSockets.Configuration;
using Akka.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary>Options and arguments that commands share. Every one of them is a setting of the configuration.</summary>
internal static class Settings
{
    public static Option<string[]> Set()
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

    /// <summary>The value as a HOCON text.</summary>
    public static string Quoted(string value) =>
        $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

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

    /// <summary>Runs what the settings describe; what is wrong with them goes to stderr, one line each.</summary>
    public static async Task<int> RunAsync(Func<Task<Config>> load)
    {
        try
        {
            return await HostedRun.RunAsync(await load());
        }
        catch (SettingsException e)
        {
            foreach (var error in e.Errors)
                await Console.Error.WriteLineAsync($"error: {error}");
            return ExitCodes.Configuration;
        }
    }
}
