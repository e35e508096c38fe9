using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;
using ActorSockets.Servers.Arrivals;
using ActorSockets.Servers.Sinks;
using ActorSockets.Transport.Tls;

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

    /// <summary>What is spoken on the port.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>Deliveries that a client may have unanswered on a connection (<see cref="Protocol.Deliveries"/>).</summary>
    public required int Window { get; init; }

    /// <summary>Bytes of the longest delivery.</summary>
    public required long MaxLength { get; init; }

    /// <summary>How long a stored delivery is remembered.</summary>
    public required TimeSpan Remembers { get; init; }

    /// <summary>What happens when something has the name of a delivery.</summary>
    public required NameConflict NameConflict { get; init; }

    /// <summary>Bytes after which the file of a delivery is flushed.</summary>
    public required long FlushBytes { get; init; }

    /// <summary>Time after which it is.</summary>
    public required TimeSpan FlushInterval { get; init; }

    /// <summary>Where received bytes go: console, file, relay, echo, discard, or one of the program's own.</summary>
    public required string Sink { get; init; }

    /// <summary>The targets that a relay hands payloads on to; empty for other sinks. Each is durable.</summary>
    public required IReadOnlyList<string> RelayTo { get; init; }

    /// <summary>When a relay's client has its receipt, or answer.</summary>
    public required ReceiptAfter ReceiptAfter { get; init; }

    /// <summary>Bytes of each chunk that the console sink prints; null: all.</summary>
    public required int? Preview { get; init; }

    /// <summary>Where the file sink puts its files; empty for other sinks.</summary>
    public required string Directory { get; init; }

    /// <summary>When the file sink ends a file before the connection ends.</summary>
    public required CutSettings Cut { get; init; }

    /// <summary>Threads for the file sink's disk.</summary>
    public required int DiskThreads { get; init; }

    /// <summary>Permissions of the file sink's files; null: what the umask leaves.</summary>
    public required UnixFileMode? FileMode { get; init; }

    /// <summary>What the file sink does with the bytes of a connection that broke off.</summary>
    public required OnBrokenOff OnBrokenOff { get; init; }

    /// <summary>How long a partial file, or a partial delivery, stays; zero: for ever.</summary>
    public required TimeSpan KeepPartial { get; init; }

    /// <summary>Bytes that all partial files may take together; 0: any number.</summary>
    public required long MaxPartialBytes { get; init; }

    /// <summary>How often partial files are looked at.</summary>
    public required TimeSpan CleanInterval { get; init; }

    /// <summary>Of receipts, and of deliveries whose sender does not choose.</summary>
    public required DigestAlgorithm Digest { get; init; }

    /// <summary>Whether the peer is told how many bytes were stored, and their digest.</summary>
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

    /// <summary>For name resolution and bind together.</summary>
    public required TimeSpan BindTimeout { get; init; }

    /// <summary>Silence after which the kernel asks whether a client is still there; zero: never.</summary>
    public required TimeSpan KeepAlive { get; init; }

    /// <summary>Wait before binding again after the listener died.</summary>
    public required TimeSpan RebindDelay { get; init; }

    /// <summary>TLS; null: plain TCP.</summary>
    public ServerTls? Tls { get; init; }

    /// <summary>The endpoint as configured.</summary>
    public string Endpoint => Endpoints.Format(Host, Port);

    /// <param name="name">The server's name.</param>
    /// <param name="section">Its settings.</param>
    /// <param name="otherSinks">Sinks that the program has added to the library's.</param>
    internal static ServerSettings From(string name, SettingsSection section, IEnumerable<string> otherSinks) => new()
    {
        Name = name,
        Host = section.Host("host"),
        Port = section.Int("port", 0, 65535),
        Protocol = section.Choice<Protocol>("protocol"),
        Window = section.Int("window", 1, Greeting.MaxWindow),
        MaxLength = section.Bytes("max-length", 1, 1L << 60),
        Remembers = section.Duration("remembers", TimeSpan.Zero, TimeSpan.FromDays(3650)),
        NameConflict = section.Choice<NameConflict>("name-conflict"),
        FlushBytes = section.Bytes("flush-bytes", 64 * 1024, 1L << 40),
        FlushInterval = section.Duration("flush-interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        Sink = SinkOf(section, otherSinks),
        RelayTo = RelayToOf(section),
        ReceiptAfter = section.Choice<ReceiptAfter>("receipt-after"),
        Preview = section.Text("preview") == "all" ? null : section.Int("preview", 1, int.MaxValue),
        Directory = DirectoryOf(section),
        Cut = CutSettings.From(section),
        DiskThreads = section.Int("disk-threads", 1, 256),
        FileMode = FileModeOf(section),
        OnBrokenOff = section.Choice<OnBrokenOff>("on-broken-off"),
        KeepPartial = KeepPartialOf(section),
        MaxPartialBytes = section.Bytes("max-partial", 0, 1L << 60),
        CleanInterval = section.Duration("clean-interval", TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
        Receipt = ReceiptOf(section),
        Digest = DigestSetting.From(section),
        MaxConnections = section.Int("max-connections", 1, 1_000_000),
        IdleTimeout = section.Duration("idle-timeout", TimeSpan.Zero, TimeSpan.FromDays(30)),
        MinReceiveRate = section.Bytes("min-receive-rate", 0, 1L << 40),
        Allow = Networks(section),
        RefusalReportInterval = section.Duration("refusal-report-interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1)),
        ProgressInterval = section.Duration("progress-interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1)),
        ProcessingDelay = section.Duration("processing-delay", TimeSpan.Zero, TimeSpan.FromHours(1)),
        ReceiveFrameBytes = (int)section.Bytes("receive-frame", 1024, 1024 * 1024),
        Backlog = section.Int("backlog", 1, 65535),
        BindTimeout = section.Duration("bind-timeout", TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)),
        KeepAlive = section.Duration("keep-alive", TimeSpan.Zero, TimeSpan.FromHours(1)),
        RebindDelay = section.Duration("rebind-delay", TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
        Tls = ServerTls.From(section.Merged("tls"), SpeaksDeliveries(section) ? [Greeting.Version] : []),
    };

    private static bool SpeaksDeliveries(SettingsSection section) => section.Is("protocol", "deliveries");

    private static string SinkOf(SettingsSection section, IEnumerable<string> otherSinks)
    {
        var sink = section.OneOf("sink", [.. SinkFactory.Names, .. otherSinks]);
        if (sink == "echo" && SpeaksDeliveries(section))
            section.Reject("sink", "is echo with protocol = deliveries, which answers each delivery and sends nothing else: needs console, file, relay or discard");
        return sink;
    }

    private static IReadOnlyList<string> RelayToOf(SettingsSection section)
    {
        if (section.Text("sink") != "relay")
            return [];
        if (!section.Is("relay-to", "none"))
            return [.. section.Texts("relay-to", "is empty: needs names of targets, such as [\"berlin\", \"oslo\"]").Distinct(StringComparer.Ordinal)];
        section.RejectMissing("relay-to", "names of targets, such as [\"berlin\", \"oslo\"], because sink = relay");
        return [];
    }

    private static TimeSpan KeepPartialOf(SettingsSection section) => section.Is("keep-partial", "default")
        ? SpeaksDeliveries(section) ? TimeSpan.FromDays(1) : TimeSpan.Zero
        : section.Duration("keep-partial", TimeSpan.Zero, TimeSpan.FromDays(3650));

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

    private static UnixFileMode? FileModeOf(SettingsSection section)
    {
        var mode = section.Text("file-mode");
        if (mode == "umask")
            return null;
        if (mode.Length is 3 or 4 && mode.All(c => c is >= '0' and <= '7') && mode.PadLeft(4, '0')[0] == '0')
            return (UnixFileMode)Convert.ToInt32(mode, 8);
        section.Reject("file-mode", $"'{mode}' is not umask and not three octal digits such as 0640");
        return null;
    }

    private static bool ReceiptOf(SettingsSection section)
    {
        var receipt = section.Switch("receipt");
        if (receipt && section.Text("sink") == "echo")
            section.Reject("receipt", "is on with sink = echo: the client could not tell the receipt from its own bytes");
        if (receipt && SpeaksDeliveries(section))
            section.Reject("receipt", "is on with protocol = deliveries, which answers each delivery: needs off");
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
