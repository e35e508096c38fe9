using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>The directory of payloads that are too large for a row, and the room that is kept beside it for a database there.</summary>
internal sealed class PayloadFiles : ILargePayloads
{
    // As of a server's disk-threads; each waits for the disk.
    private const int Threads = 16;

    // A process that was stopped for less goes on with its file.
    private static readonly TimeSpan SharedAge = TimeSpan.FromHours(1);

    // SQLite's own limit.
    private const uint MostPages = 4_294_967_294;

    private readonly string _directory;
    private readonly DiskReserve? _reserve;
    private readonly Lock _lock = new();
    private Task _deleting = Task.CompletedTask;

    /// <param name="directory">Has a directory <c>payloads</c>.</param>
    /// <param name="isShared">Whether other machines may write there, and the database is elsewhere.</param>
    public PayloadFiles(string directory, bool isShared = false)
    {
        _directory = Path.Combine(directory, "payloads");
        _reserve = isShared ? null : new DiskReserve(Path.Combine(directory, "reserve"));
        Lane = new BlockingThreads("outbox payloads", Threads);
    }

    public BlockingThreads Lane { get; }

    public bool HasKeptRoom => _reserve is { IsGone: false };

    public string PathOf(string name) => Path.Combine(_directory, name);

    public string Describe(string name) => $"file {PathOf(name)}";

    public Payload Open(string name, long length) => new FilePayload(PathOf(name));

    public ILargePayload Create(string name) => Try(PathOf(name), "created", () =>
    {
        CreateDirectory();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new PayloadFile(new FileStream(PathOf(name), options), _directory);
    });

    /// <summary>It was flushed by the process that asks.</summary>
    public bool IsWhole(ISession session, string name, long length) => true;

    public void Drop(string name) => Delete([name]);

    public async ValueTask DeleteAsync(IReadOnlyList<string> names)
    {
        if (_reserve is { IsGone: true })
        {
            // Before anybody hears of the room.
            await Lane.Run(() =>
            {
                Delete(names);
                _reserve.Restore();
            });
        }
        else if (names.Count > 0)
        {
            var deleting = Lane.Run(() => Delete(names));
            lock (_lock)
                _deleting = Task.WhenAll(_deleting, deleting);
        }
    }

    public async ValueTask DisposeAsync() => await _deleting;

    public void KeepRoom() => _reserve?.Restore();

    public void LimitGrowth(ISession session)
    {
        if (_reserve is not null)
            session.Number($"pragma max_page_count = {(_reserve.IsGone ? session.Number("pragma page_count") : MostPages)}");
    }

    public Task GiveRoomAsync() => Lane.Run(_reserve!.Give);

    public IReadOnlyList<string> Sweep(ISession session)
    {
        var named = session.Query("select file from payload where file is not null", row => row.GetString(0)).ToHashSet(StringComparer.Ordinal);
        if (!Directory.Exists(_directory))
            return [.. named];
        var there = Directory.EnumerateFiles(_directory).Select(path => Path.GetFileName(path)).ToHashSet(StringComparer.Ordinal);
        Delete(there.Where(name => !named.Contains(name) && (_reserve is not null || DateTime.UtcNow - File.GetLastWriteTimeUtc(PathOf(name)) > SharedAge)));
        return [.. named.Where(name => !there.Contains(name))];
    }

    private void Delete(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            try
            {
                File.Delete(PathOf(name));
            }
            catch (Exception e) when (Posix.IsFileError(e))
            {
                // No row names it: nobody misses it, and nobody reads it.
            }
        }
    }

    private void CreateDirectory()
    {
        if (Directory.Exists(_directory))
            return;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(_directory);
        else
            Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Posix.FlushDirectory(Path.GetDirectoryName(_directory)!);
    }

    /// <summary>Errors name the file and what the system said; a full disk stays one.</summary>
    public static T Try<T>(string path, string what, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw new LedgerException($"{path} cannot be {what}: {Posix.Reason(e)}", Posix.IsDiskFull(e), e);
        }
    }
}
