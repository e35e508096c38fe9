using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers;

/// <summary>One endpoint to listen on; units, ranges and defaults stand in <c>reference.conf</c>, server-defaults.</summary>
public sealed record ServerSettings
{
    /// <summary>The server's name, and that of its actor.</summary>
    public required string Name { get; init; }

    /// <summary>IP address or name to bind.</summary>
    public required string Host { get; init; }

    /// <summary>0 to 65535; 0 takes any free port.</summary>
    public required int Port { get; init; }

    /// <summary>Where received bytes go: a name that <see cref="SinkFactory"/> knows.</summary>
    public required string Sink { get; init; }

    /// <summary>Bytes of each chunk that the console sink prints; null: all.</summary>
    public required int? Preview { get; init; }

    /// <summary>Where the file sink puts its files; empty for other sinks.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether the peer is told how many bytes were stored, and their SHA-256.</summary>
    public required bool Receipt { get; init; }

    /// <summary>Connections at a time; the next is reset at once.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>A connection on which nothing moved for so long is reset; zero: never.</summary>
    public required TimeSpan IdleTimeout { get; init; }

    /// <summary>Bytes a second that a client must send; 0: any rate.</summary>
    public required long MinReceiveRate { get; init; }

    /// <summary>The networks that may connect; empty: any.</summary>
    public required IReadOnlyList<IPNetwork> Allow { get; init; }

    /// <summary>How often refused connections are reported at most.</summary>
    public required TimeSpan RefusalReportInterval { get; init; }

    /// <summary>How often <see cref="ServerEvents.Received"/> is published at most.</summary>
    public required TimeSpan ProgressInterval { get; init; }

    /// <summary>Pause after each chunk before the next is read; zero: none.</summary>
    public required TimeSpan ProcessingDelay { get; init; }

    /// <summary>The most that one receive takes, in bytes; each connection holds a buffer of this size.</summary>
    public required int ReceiveFrameBytes { get; init; }

    /// <summary>Connections that the kernel completes ahead of us.</summary>
    public required int Backlog { get; init; }

    /// <summary>Wait before binding again after the listener died.</summary>
    public required TimeSpan RebindDelay { get; init; }

    /// <summary>The endpoint as configured.</summary>
    public string Endpoint => Endpoints.Format(Host, Port);

    internal static ServerSettings From(string name, SettingsSection section) => new()
    {
        Name = name,
        Host = section.Host("host"),
        Port = section.Int("port", 0, 65535),
        Sink = section.OneOf("sink", SinkFactory.Names),
        Preview = section.Text("preview") == "all" ? null : section.Int("preview", 1, int.MaxValue),
        Directory = DirectoryOf(section),
        Receipt = ReceiptOf(section),
        MaxConnections = section.Int("max-connections", 1, 1_000_000),
        IdleTimeout = section.Duration("idle-timeout", TimeSpan.Zero, TimeSpan.FromDays(30)),
        MinReceiveRate = section.Bytes("min-receive-rate", 0, 1L << 40),
        Allow = Networks(section),
        RefusalReportInterval = section.Duration("refusal-report-interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1)),
        ProgressInterval = section.Duration("progress-interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1)),
        ProcessingDelay = section.Duration("processing-delay", TimeSpan.Zero, TimeSpan.FromHours(1)),
        ReceiveFrameBytes = (int)section.Bytes("receive-frame", 1024, 1024 * 1024),
        Backlog = section.Int("backlog", 1, 65535),
        RebindDelay = section.Duration("rebind-delay", TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
    };

    private static string DirectoryOf(SettingsSection section)
    {
        if (section.Text("sink") != "file")
            return "";
        var directory = section.Text("directory");
        if (directory.Length == 0)
            section.RejectMissing("directory", "a directory, because sink = file");
        else if (System.IO.File.Exists(directory))
            section.Reject("directory", $"'{directory}' is a file, not a directory");
        else if (!System.IO.Directory.Exists(directory))
            section.Reject("directory", $"no such directory: '{directory}' (a relative path starts at the working directory)");
        else if (!Posix.IsWritable(directory))
            section.Reject("directory", $"'{directory}' is not writable");
        return directory;
    }

    private static bool ReceiptOf(SettingsSection section)
    {
        var receipt = section.Switch("receipt");
        if (receipt && section.Text("sink") == "echo")
            section.Reject("receipt", "is on with sink = echo: the client could not tell the receipt from its own bytes");
        return receipt;
    }

    /// <summary>Fails closed: a list that comes out empty, for example from an unset variable, is an error and never "any".</summary>
    private static IPNetwork[] Networks(SettingsSection section)
    {
        if (section.Is("allow", "any"))
            return [];
        return [.. section.Texts("allow", "is empty: write networks such as [\"10.0.0.0/8\"], or any").Select(text => Network(section, text))];
    }

    private static IPNetwork Network(SettingsSection section, string text)
    {
        if (Endpoints.ParseAddress(text.Split('/')[0]) is { } address)
        {
            if (IPNetwork.TryParse(text, out var network))
                return network;
            if (!text.Contains('/', StringComparison.Ordinal))
                return new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
        }

        section.Reject("allow", $"'{text}' is not a network such as 10.0.0.0/8 or 2001:db8::/32");
        return default;
    }
}
