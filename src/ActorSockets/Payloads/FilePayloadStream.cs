using ActorSockets.Platform;
using Microsoft.Win32.SafeHandles;

namespace ActorSockets.Payloads;

/// <summary>
/// A file, read front to back on the threads of its directory. .NET's own asynchronous reads of files block threads of the
/// .NET pool on Unix.
/// </summary>
internal sealed class FilePayloadStream : Stream, IChecked, IOnFile
{
    private readonly string _path;
    private readonly BlockingThreads _threads;
    private readonly BlockingCall<Memory<byte>, int> _read;
    private readonly Lock _lock = new();
    private readonly DateTime _modified;
    private TaskCompletionSource? _readEnded;
    private bool _isReading;
    private bool _isDisposed;

    /// <param name="path">What messages call the file.</param>
    /// <param name="file">At its first byte; the stream closes it.</param>
    /// <param name="threads">Read and close the file.</param>
    public FilePayloadStream(string path, SafeFileHandle file, BlockingThreads threads)
    {
        _path = path;
        _threads = threads;
        // The sender tells itself what was read, and the change of threads takes 6 % of a large file's time.
        _read = new BlockingCall<Memory<byte>, int>(threads, buffer => Read(buffer.Span), continueOnLane: true);
        Handle = file;
        Length = RandomAccess.GetLength(file);
        _modified = File.GetLastWriteTimeUtc(file);
    }

    public SafeFileHandle Handle { get; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;

    /// <summary>As it was when the file was opened.</summary>
    public override long Length { get; }

    public override long Position { get; set; }

    /// <summary>Blocks the caller.</summary>
    public override int Read(Span<byte> buffer)
    {
        var count = RandomAccess.Read(Handle, buffer, Position);
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>
    /// One read at a time. The token ends no read that has begun. What awaits it continues on a thread of the directory, and
    /// must not block.
    /// </summary>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_isReading)
                throw new InvalidOperationException("a read is under way");
            _isReading = true;
        }

        try
        {
            return await _read.RunAsync(buffer);
        }
        finally
        {
            lock (_lock)
            {
                _isReading = false;
                _readEnded?.SetResult();
            }
        }
    }

    /// <summary>
    /// By the file's length and time of modification, which a file system may keep no finer than some milliseconds, and sets
    /// late for a file that is mapped into memory: a change can escape.
    /// </summary>
    public Task<string?> ChangedSinceOpenedAsync() => _threads.Run(() => RandomAccess.GetLength(Handle) switch
    {
        // What was appended is not sent, and hides whether something else changed.
        var length when length > Length => null,
        var length when length == Length && File.GetLastWriteTimeUtc(Handle) == _modified => null,
        _ => $"{_path} changed while it was being sent",
    });

    /// <summary>Waits for the read that is under way: it writes into the caller's memory.</summary>
    public override async ValueTask DisposeAsync()
    {
        Task ended;
        lock (_lock)
        {
            _isDisposed = true;
            if (_isReading)
                _readEnded ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ended = _readEnded?.Task ?? Task.CompletedTask;
        }

        await ended;
        await _threads.Run(Handle.Dispose);
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        // A read that is under way keeps the handle open until it ends.
        if (disposing)
            Handle.Dispose();
        base.Dispose(disposing);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
