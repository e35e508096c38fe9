using ActorSockets.Payloads;
using ActorSockets.Protocols;

namespace ActorSockets.Outbox;

/// <summary>A payload's bytes, hashed while they are read front to back: damaged ones are found before their end is sent.</summary>
/// <param name="bytes">At their first; this closes them.</param>
/// <param name="expected">The digest of what was stored.</param>
/// <param name="payload">What messages are about.</param>
internal class StoredStream(Stream bytes, Digest expected, OutboxPayload payload) : Stream, IChecked
{
    private readonly PayloadDigest _digest = PayloadDigest.Of(expected.Algorithm);

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => bytes.Length;

    public override long Position
    {
        get => bytes.Position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = bytes.Read(buffer, offset, count);
        _digest.Append(buffer.AsSpan(offset, read));
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await bytes.ReadAsync(buffer, cancellationToken);
        _digest.Append(buffer.Span[..read]);
        return read;
    }

    public Task<string?> ChangedSinceOpenedAsync() => Task.FromResult(_digest.Value() == expected ? null : payload.Damaged("has other bytes"));

    public override async ValueTask DisposeAsync()
    {
        await bytes.DisposeAsync();
        _digest.Dispose();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            bytes.Dispose();
            _digest.Dispose();
        }

        base.Dispose(disposing);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
