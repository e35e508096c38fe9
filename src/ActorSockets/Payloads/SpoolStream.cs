using ActorSockets.Platform;

namespace ActorSockets.Payloads;

/// <summary>One reader of a <see cref="Spool"/>, from its first byte.</summary>
internal sealed class SpoolStream : Stream, IGrowing
{
    private readonly Spool _spool;
    private readonly BlockingCall<Memory<byte>, int> _read;

    public SpoolStream(Spool spool)
    {
        _spool = spool;
        _read = new BlockingCall<Memory<byte>, int>(spool.Threads, buffer => ReadNow(buffer.Span), continueOnLane: true);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;

    /// <exception cref="NotSupportedException">The source has not ended.</exception>
    public override long Length => KnownLength ?? throw new NotSupportedException("the length of a stream is known when the stream has ended");

    public override long Position { get; set; }

    public long? KnownLength => _spool.HasEnded ? _spool.Length : null;

    public long Available => _spool.Length - Position;

    public ValueTask<long> WaitForMoreAsync(CancellationToken cancellation) => _spool.WaitForMoreAsync(Position, cancellation);

    /// <summary>Waits for the source, gives what has come, and 0 at the end. One read at a time.</summary>
    /// <exception cref="SourceException">The source failed.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty || await WaitForMoreAsync(cancellationToken) == 0 ? 0 : await _read.RunAsync(buffer);

    public override int Read(Span<byte> buffer) => throw new NotSupportedException("reading a stream that may still grow would block: use ReadAsync");

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int ReadNow(Span<byte> buffer)
    {
        var count = _spool.Read(buffer, Position);
        Position += count;
        return count;
    }
}
