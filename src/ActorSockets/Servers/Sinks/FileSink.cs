using System.Globalization;

namespace ActorSockets.Servers.Sinks;

/// <summary>
/// One file per connection. It is written as <c>NAME.partial</c>; after a clean end it is flushed to the disk, renamed to
/// <c>NAME</c>, and the directory is flushed, so that a file without <c>.partial</c> is whole, also after a power cut. A
/// stream that breaks off leaves nothing; one whose process is killed leaves its <c>.partial</c>, for a person to delete.
/// </summary>
internal sealed class FileSink : ISink
{
    private readonly string _directory;
    private readonly string _path;
    private FileStream? _file;

    public FileSink(SinkContext context)
    {
        _directory = context.Server.Directory;
        // When, from whom, and what makes it unique, whatever else writes into the directory.
        var when = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture);
        var peer = string.Concat(context.Peer.Select(c => char.IsAsciiLetterOrDigit(c) || c == '.' ? c : '_'));
        _path = Path.Combine(_directory, $"{when}-{peer}-{Guid.NewGuid():N}");
    }

    public string? StoredAs => _path;

    private string PartialPath => _path + ".partial";

    public async ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk)
    {
        _file ??= await OpenAsync();
        await _file.WriteAsync(chunk);
        return default;
    }

    public async ValueTask CompleteAsync()
    {
        _file ??= await OpenAsync();
        // fsync and rename wait for the disk: on the thread pool, not on the actors' threads.
        await Task.Run(() =>
        {
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            File.Move(PartialPath, _path, overwrite: false);
            FlushDirectory();
        });
        _file = null;
    }

    private void FlushDirectory()
    {
        try
        {
            Posix.FlushDirectory(_directory);
        }
        catch (IOException)
        {
            // Not for good, and so not at all: the peer is told nothing else.
            File.Delete(_path);
            throw;
        }
    }

    public ValueTask<string?> BreakOffAsync() => new((string?)null);

    public async ValueTask DisposeAsync()
    {
        if (_file is not { } unfinished)
            return;
        _file = null;
        await Task.Run(() =>
        {
            unfinished.Dispose();
            File.Delete(PartialPath);
        });
    }

    private Task<FileStream> OpenAsync() => Task.Run(() => new FileStream(PartialPath, new FileStreamOptions
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.Write,
        Share = FileShare.Read,
        Options = FileOptions.Asynchronous,
        BufferSize = 0,
    }));
}
