using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Storage.Postgres;

/// <summary>A payload in rows.</summary>
/// <param name="Parts">Where it is.</param>
/// <param name="File">Its name there.</param>
/// <param name="Length">Its bytes.</param>
internal sealed record PartsPayload(PayloadParts Parts, string File, long Length) : Payload
{
    public override string Description => $"table part, {File}";

    public override Stream Open() => new PartsStream(this);

    public override Task<Stream> OpenAsync() => Task.FromResult(Open());
}

/// <summary>Reads rows one after another. While the server is away, a read waits, as one of a disk that hangs does.</summary>
internal sealed class PartsStream : Stream
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly PartsPayload _payload;
    private readonly CancellationTokenSource _disposed = new();
    private readonly BlockingCall<long, byte[]?> _read;
    private byte[] _part = [];
    private int _taken;
    private long _position;

    public PartsStream(PartsPayload payload)
    {
        _payload = payload;
        _read = new BlockingCall<long, byte[]?>(payload.Parts.Lane, position => payload.Parts.Read(payload.File, position));
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => _payload.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsAtEndOfPart)
            (_part, _taken) = (await NextAsync(), 0);
        return Take(buffer.Span);
    }

    /// <summary>Blocks the caller, and does not wait for a server that is away.</summary>
    public override int Read(byte[] buffer, int offset, int count)
    {
        if (IsAtEndOfPart)
            (_part, _taken) = (_payload.Parts.Read(_payload.File, _position) ?? throw Missing(), 0);
        return Take(buffer.AsSpan(offset, count));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _disposed.Cancel();
        base.Dispose(disposing);
    }

    private bool IsAtEndOfPart => _taken == _part.Length && _position < Length;

    private int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _part.Length - _taken);
        _part.AsSpan(_taken, count).CopyTo(buffer);
        _taken += count;
        _position += count;
        return count;
    }

    private async Task<byte[]> NextAsync()
    {
        while (true)
        {
            try
            {
                return await _read.RunAsync(_position) ?? throw Missing();
            }
            catch (LedgerException)
            {
                await Task.Delay(RetryDelay, _disposed.Token);
            }
        }
    }

    private FileNotFoundException Missing() => new($"the table part has no row of {_payload.File} at {_position}");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
