using System.Net;
using System.Text;
using ActorSockets.Configuration;

namespace ActorSockets;

/// <summary>The web server of <c>ActorSockets.Web</c>; <c>reference.conf</c>, web.</summary>
/// <param name="Enabled">Whether it runs.</param>
/// <param name="Host">Address to bind.</param>
/// <param name="Port">Port to bind; 0: any free one.</param>
/// <param name="TokenFile">A file whose first line requests have to name; empty: none.</param>
/// <param name="AllowChanges">Whether requests may change anything.</param>
/// <param name="AllowedHosts">Names that requests may use for this server, beside its addresses.</param>
/// <param name="MaxConnections">Connections at a time.</param>
/// <param name="MaxStreams">Connections at a time that read events.</param>
/// <param name="RequestTimeout">How long a request may take to arrive, and its answer to make progress.</param>
/// <param name="RebindDelay">Wait before it listens again after its listener died.</param>
/// <param name="RecentEvents">Events that are kept for who connects later.</param>
public sealed record WebSettings(
    bool Enabled, string Host, int Port, string TokenFile, bool AllowChanges, IReadOnlyList<string> AllowedHosts,
    int MaxConnections, int MaxStreams, TimeSpan RequestTimeout, TimeSpan RebindDelay, int RecentEvents)
{
    private const int ShortestToken = 16;

    /// <summary>Host and port as configured.</summary>
    public string Endpoint => Endpoints.Format(Host, Port);

    /// <summary>The first line of <see cref="TokenFile"/>; null without one.</summary>
    internal string? Token { get; private init; }

    internal static WebSettings From(SettingsSection section)
    {
        var settings = new WebSettings(
            section.Switch("enabled"),
            section.Host("host"),
            section.Int("port", 0, 65535),
            section.Text("token-file"),
            section.Switch("allow-changes"),
            section.Is("allowed-hosts", "none") ? [] : [.. section.Texts("allowed-hosts", "is empty: write none, or a list of host names")],
            section.Int("max-connections", 4, 10_000),
            section.Int("max-streams", 0, 10_000),
            section.Duration("request-timeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)),
            section.Duration("rebind-delay", TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
            section.Int("recent-events", 1, 10_000));
        if (settings is { Enabled: true, TokenFile: "" } && !IsLoopback(settings.Host))
            section.Reject("host", $"{settings.Host} is not loopback: others could read everything; set token-file, or host = \"127.0.0.1\"");
        return settings is { Enabled: true, TokenFile: not "" } ? settings with { Token = ReadToken(section, settings.TokenFile) } : settings;
    }

    private static string? ReadToken(SettingsSection section, string file)
    {
        try
        {
            var token = File.ReadLines(file, Encoding.Latin1).FirstOrDefault("").Trim();
            if (token.Length >= ShortestToken && token.All(c => c is > ' ' and <= '~'))
                return token;
            section.Reject("token-file", $"the first line of {Printable.Of(file)} must be a token: {ShortestToken} or more ASCII characters, no spaces");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            section.Reject("token-file", $"cannot read {Printable.Of(file)}: {e.Message}");
        }

        return null;
    }

    /// <summary>Whether only this machine can connect. A name that is not localhost may mean anything.</summary>
    internal static bool IsLoopback(string host) => host == "localhost" || IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address);
}
