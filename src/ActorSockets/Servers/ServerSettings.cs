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
        Host = section.Text("host"),
        Port = section.Int("port", 0, 65535),
        Sink = section.OneOf("sink", SinkFactory.Names),
        Preview = section.Text("preview") == "all" ? null : section.Int("preview", 1, int.MaxValue),
        ProcessingDelay = section.Duration("processing-delay", TimeSpan.Zero, TimeSpan.FromHours(1)),
        ReceiveFrameBytes = (int)section.Bytes("receive-frame", 1024, 1024 * 1024),
        Backlog = section.Int("backlog", 1, 65535),
        RebindDelay = section.Duration("rebind-delay", TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
    };
}
