using ActorSockets.Platform;

namespace ActorSockets.Servers.Sinks;

/// <summary>A file that received bytes are written to. Every call blocks; errors name the file and what the system said.</summary>
internal sealed class WrittenFile : IDisposable
{
    private readonly FileStream _file;

    private WrittenFile(string path, FileStream file)
    {
        Path = path;
        _file = file;
    }

    public string Path { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length => RandomAccess.GetLength(_file.SafeFileHandle);

    /// <summary>Creates a file that does not exist yet.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="mode">Its permissions, whatever the umask is; null: what the umask leaves. Without effect on Windows.</param>
    public static WrittenFile Create(string path, UnixFileMode? mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 };
        if (mode is not null && !OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        var file = new WrittenFile(path, Open(path, "created", options));
        if (mode is null || OperatingSystem.IsWindows())
            return file;
        try
        {
            file.SetMode(mode.Value);
            return file;
        }
        catch (IOException)
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file to go on writing it, without the bytes from <paramref name="length"/> on.</summary>
    public static WrittenFile GoOn(string path, long length)
    {
        var options = new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 };
        var file = new WrittenFile(path, Open(path, "opened", options));
        file.Try("cut", () => RandomAccess.SetLength(file._file.SafeFileHandle, length));
        return file;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        try
        {
            RandomAccess.Write(_file.SafeFileHandle, bytes, position);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw Failed(Path, "written", e);
        }
    }

    /// <returns>Bytes read; 0 at the end of the file.</returns>
    public int Read(Span<byte> to, long position)
    {
        try
        {
            return RandomAccess.Read(_file.SafeFileHandle, to, position);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw Failed(Path, "read", e);
        }
    }

    /// <summary>Done when what was written is on the disk.</summary>
    public void Flush() => Try("flushed", () => RandomAccess.FlushToDisk(_file.SafeFileHandle));

    public void Dispose() => _file.Dispose();

    /// <summary>An error in the words of this class. Whether the disk is full is still told by it (<see cref="Posix.IsDiskFull"/>).</summary>
    public static IOException Failed(string path, string what, Exception cause) =>
        new($"{path} cannot be {what}: {Posix.Reason(cause)}", cause) { HResult = cause.HResult };

    private static FileStream Open(string path, string what, FileStreamOptions options)
    {
        try
        {
            return new FileStream(path, options);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw Failed(path, what, e);
        }
    }

    /// <summary>The umask takes bits away when the file is created, and some file systems have no modes.</summary>
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private void SetMode(UnixFileMode mode)
    {
        if (File.GetUnixFileMode(_file.SafeFileHandle) != mode)
            Try("given its file-mode (file-mode = umask sets none)", () => File.SetUnixFileMode(_file.SafeFileHandle, mode));
    }

    private void Try(string what, Action step)
    {
        try
        {
            step();
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw Failed(Path, what, e);
        }
    }
}
