using ActorSockets.Payloads;
using ActorSockets.Protocols;
using Microsoft.Win32.SafeHandles;

namespace ActorSockets.Outbox;

/// <summary>A payload's file, hashed while it is read front to back: a damaged one is found before its end is sent.</summary>
/// <param name="file">At its first byte; this closes it.</param>
/// <param name="expected">The digest of what was stored.</param>
/// <param name="payload">What messages are about.</param>
internal sealed class StoredFileStream(FilePayloadStream file, Digest expected, OutboxPayload payload) : Stream, IChecked, IOnFile
{
    private readonly PayloadDigest _digest = PayloadDigest.Of(expected.Algorithm);

    public SafeFileHandle Handle => file.Handle;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = file.Read(buffer, offset, count);
        _digest.Append(buffer.AsSpan(offset, read));
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await file.ReadAsync(buffer, cancellationToken);
        _digest.Append(buffer.Span[..read]);
        return read;
    }

    public Task<string?> ChangedSinceOpenedAsync() => Task.FromResult(_digest.Value() == expected ? null : payload.Damaged("has other bytes"));

    public override async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        _digest.Dispose();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
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
