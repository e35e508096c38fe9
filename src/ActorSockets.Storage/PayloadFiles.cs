using ActorSockets.Outbox;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>
/// The directory of payloads that are too large for a row. A file is written and flushed before the row that names it is
/// committed, and deleted after the row is: a file without a row is garbage.
/// </summary>
internal sealed class PayloadFiles
{
    // As of a server's disk-threads; each waits for the disk.
    private const int Threads = 16;

    private readonly string _directory;

    public PayloadFiles(string directory)
    {
        _directory = Path.Combine(directory, "payloads");
        Reserve = new DiskReserve(Path.Combine(directory, "reserve"));
        Disk = new BlockingThreads("outbox payloads", Threads);
    }

    /// <summary>Where its calls block.</summary>
    public BlockingThreads Disk { get; }

    /// <summary>Room for what deletes.</summary>
    public DiskReserve Reserve { get; }

    public string PathOf(string name) => Path.Combine(_directory, name);

    /// <summary>Opens a new file. Blocks.</summary>
    public FileStream Create(string name) => Try(PathOf(name), "created", () =>
    {
        CreateDirectory();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(PathOf(name), options);
    });

    /// <summary>Done when the file and its name are on the disk. Blocks.</summary>
    public void Flush(FileStream file) => Try(file.Name, "flushed", () =>
    {
        RandomAccess.FlushToDisk(file.SafeFileHandle);
        Posix.FlushDirectory(_directory);
        return true;
    });

    /// <summary>Deletes files; one that cannot be deleted is swept at the next start. Blocks.</summary>
    public void Delete(IEnumerable<string> names)
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

    /// <summary>Deletes every file that no row names. Blocks.</summary>
    /// <returns>Names of rows that have no file.</returns>
    public IReadOnlyList<string> Sweep(IReadOnlySet<string> named)
    {
        if (!Directory.Exists(_directory))
            return [.. named];
        var there = Directory.EnumerateFiles(_directory).Select(path => Path.GetFileName(path)).ToHashSet(StringComparer.Ordinal);
        Delete(there.Where(name => !named.Contains(name)));
        return [.. named.Where(name => !there.Contains(name))];
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
