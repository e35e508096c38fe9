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
    private WrittenFile? _file;
    private long _written;

    /// <param name="context">The connection.</param>
    /// <param name="begun">The time in the file's name, UTC; null: now.</param>
    public FileSink(SinkContext context, DateTime? begun = null)
    {
        _server = context.Server;
        _disk = context.Store.Threads;
        _write = new BlockingCall<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(_disk, Write);
        // When, from whom, and what makes it unique, whatever else writes into the directory.
        var when = (begun ?? DateTime.UtcNow).ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture);
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
        file.Write(chunk.Span, _written);
        _written += chunk.Length;
        return default;
    }

    private WrittenFile Open()
    {
        PartialFiles.BeginWriting(PartialPath);
        try
        {
            return _file = WrittenFile.Create(PartialPath, _server.FileMode);
        }
        catch (IOException)
        {
            PartialFiles.EndWriting(PartialPath);
            throw;
        }
    }

    private void Complete()
    {
        var file = _file ?? Open();
        file.Flush();
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
        var isEmpty = _file!.Length == 0;
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

    /// <inheritdoc cref="WrittenFile.Failed"/>
    private void Try(string what, Action step)
    {
        try
        {
            step();
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw WrittenFile.Failed(PartialPath, what, e);
        }
    }
}
