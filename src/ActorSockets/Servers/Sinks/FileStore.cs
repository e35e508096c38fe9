using ActorSockets.Platform;

namespace ActorSockets.Servers.Sinks;

/// <summary>The disk of one server, which the file sinks of its connections share: its threads and its partial files.</summary>
internal sealed class FileStore
{
    private readonly PartialFiles _partials;

    public FileStore(ServerSettings server)
    {
        Threads = new BlockingThreads($"{server.Name} disk", server.DiskThreads);
        _partials = new PartialFiles(server.Directory, server.KeepPartial, server.MaxPartialBytes);
        if (server.Sink == "file")
            Posix.SurviveFileSizeLimit();
        Cleans = server.Sink == "file" && (server.KeepPartial > TimeSpan.Zero || server.MaxPartialBytes > 0);
    }

    /// <summary>Every file system call of the server runs here: a disk that hangs holds up no other server.</summary>
    public BlockingThreads Threads { get; }

    /// <summary>Whether the settings ask to delete partial files.</summary>
    public bool Cleans { get; }

    /// <summary>Deletes the partial files that the settings no longer keep, on <see cref="Threads"/>.</summary>
    /// <param name="now">UTC.</param>
    /// <returns>The paths of the deleted files.</returns>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public Task<IReadOnlyList<string>> CleanAsync(DateTime now) => Threads.Run(() => _partials.Clean(now));
}
