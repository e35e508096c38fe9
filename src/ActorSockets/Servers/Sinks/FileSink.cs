using System.Globalization;
using ActorSockets.Platform;

namespace ActorSockets.Servers.Sinks;

/// <summary>
/// One file per connection. The sink writes <c>NAME.partial</c>; after the clean end it flushes the file to the disk, renames
/// it to <c>NAME</c> and flushes the directory, so that a file without <c>.partial</c> is whole, also after a power cut. What
/// came before a connection broke off stays in <c>NAME.partial</c>, or is deleted: <c>on-broken-off</c>.
/// </summary>
/// <remarks>Every file system call runs on the threads of the server's <see cref="FileStore"/>.</remarks>
internal sealed class FileSink : ISink
{
    private readonly ServerSettings _server;
    private readonly BlockingThreads _disk;
    private readonly BlockingCall<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> _write;
    private readonly string _path;
    private FileStream? _file;
    private long _written;

    public FileSink(SinkContext context)
    {
        _server = context.Server;
        _disk = context.Store.Threads;
        _write = new BlockingCall<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(_disk, Write);
        // When, from whom, and what makes it unique, whatever else writes into the directory.
        var when = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture);
        var peer = string.Concat(context.Peer.Select(c => char.IsAsciiLetterOrDigit(c) || c == '.' ? c : '_'));
        _path = Path.Combine(_server.Directory, $"{when}-{peer}-{Guid.NewGuid():N}");
    }

    public string? StoredAs { get; private set; }

    private string PartialPath => _path + PartialFiles.Suffix;

    public ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk) => chunk.IsEmpty ? default : _write.RunAsync(chunk);

    public async ValueTask CompleteAsync()
    {
        // A port probe leaves no file. With receipts, the peer is told that nothing is stored, and that is a file too.
        if (_file is not null || _server.Receipt)
            await _disk.Run(Complete);
    }

    public async ValueTask<string?> BreakOffAsync() => _file is null ? null : await _disk.Run(BreakOff);

    public async ValueTask DisposeAsync()
    {
        if (_file is not null)
            await _disk.Run(Close);
    }

    private ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> chunk)
    {
        var file = _file ?? Open();
        try
        {
            RandomAccess.Write(file.SafeFileHandle, chunk.Span, _written);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw Failed("written", e);
        }

        _written += chunk.Length;
        return default;
    }

    private FileStream Open()
    {
        PartialFiles.BeginWriting(PartialPath);
        try
        {
            Try("created", () => _file = new FileStream(PartialPath, Creation()));
            if (_server.FileMode is { } mode && !OperatingSystem.IsWindows())
                SetMode(_file!, mode);
            return _file!;
        }
        catch (IOException) when (_file is null)
        {
            PartialFiles.EndWriting(PartialPath);
            throw;
        }
    }

    private FileStreamOptions Creation()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (_server.FileMode is { } mode && !OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        return options;
    }

    /// <summary>The umask takes bits away when the file is created, and some file systems have no modes.</summary>
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private void SetMode(FileStream file, UnixFileMode mode)
    {
        if (File.GetUnixFileMode(file.SafeFileHandle) != mode)
            Try("given its file-mode (file-mode = umask sets none)", () => File.SetUnixFileMode(file.SafeFileHandle, mode));
    }

    private void Complete()
    {
        var file = _file ?? Open();
        Try("flushed", () => RandomAccess.FlushToDisk(file.SafeFileHandle));
        Try("renamed", () => File.Move(PartialPath, _path, overwrite: false));
        try
        {
            Posix.FlushDirectory(_server.Directory);
        }
        catch (IOException)
        {
            // Not for good, and so not under its final name: the stream breaks off.
            File.Move(_path, PartialPath, overwrite: false);
            throw;
        }

        Close();
        StoredAs = _path;
    }

    private string? BreakOff()
    {
        // Its length, since a write that failed has stored the first bytes of its chunk.
        var isEmpty = RandomAccess.GetLength(_file!.SafeFileHandle) == 0;
        Close();
        if (_server.OnBrokenOff == OnBrokenOff.Keep && !isEmpty)
            return PartialPath;
        Try("deleted", () => File.Delete(PartialPath));
        return null;
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
        PartialFiles.EndWriting(PartialPath);
    }

    /// <summary>Errors name the file and what the system said, in the same words for every step.</summary>
    private void Try(string what, Action step)
    {
        try
        {
            step();
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw Failed(what, e);
        }
    }

    private IOException Failed(string what, Exception cause) => new($"{PartialPath} cannot be {what}: {Posix.Reason(cause)}", cause);
}
