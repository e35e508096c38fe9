namespace ActorSockets.Servers.Sinks;

/// <summary>Several files, one after another, from one connection: <c>cut</c>. Each is a <see cref="FileSink"/>'s, and whole when it ends.</summary>
internal sealed class CutFileSink(SinkContext context) : ISink
{
    // Names begin with the time in milliseconds, and files are to be in order by name, also when the clock is set back.
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(1);

    private readonly Cutter _cutter = new(context.Server.Cut);
    private readonly Queue<(string Path, long Bytes)> _ended = new();
    private FileSink? _file;
    private DateTime _begun;
    private long _bytes;

    public string? StoredAs => _file?.StoredAs;

    /// <summary>Counts the files that have begun.</summary>
    public int Begun { get; private set; }

    /// <summary>Whether a file is being written.</summary>
    public bool IsWriting => _bytes > 0;

    /// <summary>A file that has ended since the last call, oldest first.</summary>
    public bool TryTakeEnded(out (string Path, long Bytes) ended) => _ended.TryDequeue(out ended);

    public async ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            var (bytes, ends) = _cutter.Next(chunk.Span);
            await (_file ??= Begin()).WriteAsync(chunk[..bytes]);
            _bytes += bytes;
            chunk = chunk[bytes..];
            if (ends)
                await EndAsync();
        }

        return default;
    }

    /// <summary>The file has had its time: it ends now, or with its line.</summary>
    public async ValueTask CutAsync()
    {
        if (IsWriting && _cutter.EndsNow())
            await EndAsync();
    }

    public ValueTask CompleteAsync() => _file?.CompleteAsync() ?? ValueTask.CompletedTask;

    public ValueTask<string?> BreakOffAsync() => _file?.BreakOffAsync() ?? default;

    public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;

    private FileSink Begin()
    {
        var now = DateTime.UtcNow;
        _begun = now - _begun >= Apart ? now : _begun + Apart;
        Begun++;
        return new FileSink(context, _begun);
    }

    private async Task EndAsync()
    {
        await _file!.CompleteAsync();
        _ended.Enqueue((_file.StoredAs!, _bytes));
        await _file.DisposeAsync();
        (_file, _bytes) = (null, 0);
    }
}
