using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers.Arrivals;

/// <summary>How an <see cref="Inbox"/> stores; units, ranges and defaults stand in <c>reference.conf</c>, server-defaults.</summary>
internal sealed record InboxSettings
{
    /// <summary>Where the files go.</summary>
    public required string Directory { get; init; }

    /// <summary>Threads for its disk, at most.</summary>
    public required int DiskThreads { get; init; }

    /// <summary>Permissions of the files; null: what the umask leaves.</summary>
    public required UnixFileMode? FileMode { get; init; }

    /// <summary>What happens when something has the name of a delivery.</summary>
    public required NameConflict NameConflict { get; init; }

    /// <summary>Bytes after which a partial delivery is flushed.</summary>
    public required long FlushBytes { get; init; }

    /// <summary>Time after which it is.</summary>
    public required TimeSpan FlushInterval { get; init; }

    /// <summary>How long a partial delivery stays after its last byte; zero: none is kept.</summary>
    public required TimeSpan KeepPartial { get; init; }

    /// <summary>Bytes that all partial deliveries without a connection may take; 0: any number.</summary>
    public required long MaxPartialBytes { get; init; }

    /// <summary>How long a stored delivery is remembered.</summary>
    public required TimeSpan Remembers { get; init; }

    /// <summary>Those of a server.</summary>
    public static InboxSettings Of(ServerSettings server) => new()
    {
        Directory = server.Directory,
        DiskThreads = server.DiskThreads,
        FileMode = server.FileMode,
        NameConflict = server.NameConflict,
        FlushBytes = server.FlushBytes,
        FlushInterval = server.FlushInterval,
        KeepPartial = server.OnBrokenOff == OnBrokenOff.Delete ? TimeSpan.Zero : server.KeepPartial == TimeSpan.Zero ? TimeSpan.MaxValue : server.KeepPartial,
        MaxPartialBytes = server.MaxPartialBytes,
        Remembers = server.Remembers,
    };
}
