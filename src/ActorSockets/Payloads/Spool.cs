using ActorSockets.Configuration;
using ActorSockets.Platform;

namespace ActorSockets.Payloads;

/// <summary>
/// A temporary file into which a stream is copied, and which any number of readers read meanwhile, each at its own pace. The
/// stream is read no faster than the disk takes it: one buffer, one read or write at a time. Only this user may read the
/// file, from the moment it exists. On Unix it loses its name at once, and the kernel deletes it with the process, however
/// that ends.
/// <code>
///   new ── Start ──► growing ── the stream's end ──► ended ── Dispose ──► failed
///                       └── read or write failed, BreakOff, Dispose ────────▲
/// </code>
/// </summary>
/// <param name="name">What messages call the stream.</param>
/// <param name="open">Opens the stream; called once, on a thread that may block.</param>
internal sealed class Spool(string name, Func<Stream> open) : IDisposable
{
    private const int LargestRead = 128 * 1024;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly TaskCompletionSource<string> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SpoolSettings _settings = new();
    private FileStream? _file;
    private TaskCompletionSource? _changed;
    private long _length;
    private volatile bool _hasEnded;
    private volatile string? _reason;

    /// <summary>Completes when the stream fails, with a sentence that says why.</summary>
    public Task<string> Failure => _failure.Task;

    /// <summary>Bytes that can be read.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Whether the stream has ended: <see cref="Length"/> is its length.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>Where reads and writes of the file block.</summary>
    public BlockingThreads Threads => PayloadThreads.Shared.Of(_settings.Path);

    /// <summary>Creates the file and begins to copy, unless that was done. Blocks as long as the disk does.</summary>
    /// <exception cref="SourceException">The file cannot be created, or the stream has failed.</exception>
    public void Start(SpoolSettings settings)
    {
        lock (_lock)
        {
            ThrowIfFailed();
            if (_file is not null)
                return;
            _settings = settings;
            _file = Create();
        }

        _ = CopyAsync(_file);
    }

    /// <summary>Reads what has come. Blocks as long as the disk does.</summary>
    /// <exception cref="SourceException">The stream failed.</exception>
    public int Read(Span<byte> buffer, long offset)
    {
        ThrowIfFailed();
        return RandomAccess.Read(_file!.SafeFileHandle, buffer[..(int)Math.Min(buffer.Length, Length - offset)], offset);
    }

    /// <summary>Waits until there are bytes behind the offset, or it is known that none will come.</summary>
    /// <returns>How many there are; 0: the stream has ended.</returns>
    /// <exception cref="SourceException">The stream failed.</exception>
    public async ValueTask<long> WaitForMoreAsync(long offset, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                ThrowIfFailed();
                if (_length > offset || _hasEnded)
                    return _length - offset;
                changed = (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Reads no more of the stream, which has failed then; nothing when it has ended or failed already.</summary>
    public void BreakOff(string reason) => Change(() => _hasEnded ? null : reason);

    /// <summary>Deletes the file; whoever still reads it fails.</summary>
    public void Dispose()
    {
        Change(() => $"{name} was disposed while it was being sent");
        _file?.Dispose();
    }

    private async Task CopyAsync(FileStream file)
    {
        try
        {
            var write = new BlockingCall<ReadOnlyMemory<byte>, int>(Threads, bytes => Write(file, bytes.Span));
            await using var source = await PayloadThreads.Shared.Of(nameof(Spool)).Run(open);
            var buffer = new byte[LargestRead];
            while (await source.ReadAsync(buffer, _stopped.Token) is > 0 and var count)
            {
                _stopped.Token.ThrowIfCancellationRequested();
                if (count > _settings.MaxBytes - _length)
                    throw new SourceException($"{name} is longer than {Sizes.Format(_settings.MaxBytes)} (spool.max-size)");
                var written = await write.RunAsync(buffer.AsMemory(0, count));
                Change(() => Grow(written));
            }

            Change(End);
        }
        catch (Exception e)
        {
            // Whatever a stream of the embedding program throws.
            BreakOff(e is SourceException ? e.Message : $"{name} cannot be read: {Posix.Reason(e)}");
        }
    }

    private int Write(FileStream file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, _length);
            return bytes.Length;
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw NotKept(e);
        }
    }

    private string? Grow(int count)
    {
        Volatile.Write(ref _length, _length + count);
        return null;
    }

    private string? End()
    {
        _hasEnded = true;
        return null;
    }

    /// <summary>Changes the state, if that has not failed, and wakes all who wait for it.</summary>
    /// <param name="change">Gives back why the stream has failed, or null.</param>
    private void Change(Func<string?> change)
    {
        TaskCompletionSource? changed;
        lock (_lock)
        {
            if (_reason is not null)
                return;
            _reason = change();
            (changed, _changed) = (_changed, null);
        }

        changed?.SetResult();
        if (_reason is not { } reason)
            return;
        _failure.SetResult(reason);
        _stopped.Cancel();
    }

    private void ThrowIfFailed()
    {
        if (_reason is { } reason)
            throw new SourceException(reason);
    }

    private FileStream Create()
    {
        Posix.SurviveFileSizeLimit();
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            var file = new FileStream(Path.Combine(_settings.Path, $"actorsockets-{Guid.NewGuid():N}"), options);
            if (!OperatingSystem.IsWindows())
                File.Delete(file.Name);
            return file;
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw NotKept(e);
        }
    }

    private SourceException NotKept(Exception e) =>
        new($"{name} cannot be copied into {_settings.Path}: {Posix.Reason(e)}; {_settings.Remedy}");
}
