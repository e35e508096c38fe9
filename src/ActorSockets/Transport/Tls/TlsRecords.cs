using System.Buffers;
using System.Buffers.Binary;

namespace ActorSockets.Transport.Tls;

/// <summary>
/// The stream below SslStream: a connection of ours, which knows whether an end was a FIN. It reads ahead and hands out one
/// record at a time (RFC 8446, section 5.1), so that nothing of a later record waits inside SslStream, and it is known here
/// whether a whole one is there.
/// </summary>
internal sealed class TlsRecords(PlainConnection connection) : Stream
{
    /// <summary>The memory that a connection holds while it has something to read; the kernel is asked once for this much.</summary>
    private const int AheadBytes = 64 * 1024;

    private const int HeaderBytes = 5;
    private const byte OfHandshake = 22, OfAlert = 21;

    private readonly byte[] _first = new byte[16];
    private int _firstCount;
    private byte[]? _ahead;
    private int _start;
    private int _end;
    private int _leftOfRecord;
    private bool _moreIsLikely;
    /// <summary>The turn of the handshake, which is given back while it waits for the peer; null: the handshake is over.</summary>
    public Turn? Handshake { get; set; }

    /// <summary>The turn of the reader, which is given back while it waits for the peer.</summary>
    public Turn? Reader { get; set; }

    /// <summary>Bytes that SslStream has read.</summary>
    public long Consumed { get; private set; }

    /// <summary>Whether the peer's FIN has come: an end of TLS only when its close_notify was ahead of it.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether a read that has to wait throws <see cref="WouldWaitException"/> instead.</summary>
    public bool NeverWaits { get; set; }

    /// <summary>Whether a whole record waits to be read.</summary>
    public bool HasWholeRecord => _leftOfRecord == 0 && _end - _start >= HeaderBytes && _end - _start >= RecordBytes();

    /// <summary>What the peer sent first.</summary>
    public ReadOnlySpan<byte> First => _first.AsSpan(0, _firstCount);

    /// <summary>Whether the peer's first bytes cannot be those of TLS.</summary>
    public bool IsForeign => _firstCount > 0 && (First[0] is not (OfHandshake or OfAlert) || _firstCount > 1 && First[1] != 3);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Waits until a whole record is there, or the end.</summary>
    public async ValueTask WaitForRecordAsync()
    {
        while (!HasWholeRecord && !Ended)
            await FillAsync();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;
        while (!Ended && (_end == _start || _leftOfRecord == 0 && _end - _start < HeaderBytes))
        {
            if (NeverWaits)
                throw new WouldWaitException();
            await FillAsync();
        }

        // SslStream (.NET 10) would wait for the rest of what it takes for a record of SSL 2.
        if (IsForeign)
            throw new IOException("no TLS");
        if (_leftOfRecord == 0)
            _leftOfRecord = _end - _start < HeaderBytes ? _end - _start : RecordBytes();
        var count = Math.Min(buffer.Length, Math.Min(_leftOfRecord, _end - _start));
        _ahead.AsSpan(_start, count).CopyTo(buffer.Span);
        _start += count;
        _leftOfRecord -= count;
        Consumed += count;
        ReleaseIfEmpty();
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var sending = connection.SendAsync(buffer);
            if (!sending.IsCompleted)
                Handshake?.Leave();
            buffer = buffer[await sending..];
            if (Handshake is { } turn)
                await turn.EnterAsync();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private int RecordBytes() => HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(_ahead.AsSpan(_start + 3));

    /// <summary>Holds no memory while there is nothing to read, unless the last read shows that there is more.</summary>
    private async ValueTask FillAsync()
    {
        var turn = Handshake ?? Reader;
        var held = turn?.Leave() == true;
        if (_ahead is null && !_moreIsLikely)
            await connection.ReceiveAsync(Memory<byte>.Empty);
        // One whose read breaks off is left to the collector: the system may still write into it.
        _ahead ??= ArrayPool<byte>.Shared.Rent(AheadBytes);
        if (_start > 0)
        {
            _ahead.AsSpan(_start, _end - _start).CopyTo(_ahead);
            (_start, _end) = (0, _end - _start);
        }

        var room = _ahead.AsMemory(_end);
        var count = await connection.ReceiveAsync(room);
        _moreIsLikely = count == room.Length;
        Ended = count == 0;
        KeepFirst(_ahead.AsSpan(_end, count));
        _end += count;
        ReleaseIfEmpty();
        if (held)
            await turn!.EnterAsync();
    }

    private void ReleaseIfEmpty()
    {
        if (_ahead is null || _start < _end)
            return;
        ArrayPool<byte>.Shared.Return(_ahead);
        _ahead = null;
        (_start, _end) = (0, 0);
    }

    private void KeepFirst(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, _first.Length - _firstCount)];
        bytes.CopyTo(_first.AsSpan(_firstCount));
        _firstCount += bytes.Length;
    }

    /// <summary>Nothing is there, and the reader does not want to wait. SslStream passes it on and stays as it is.</summary>
    public sealed class WouldWaitException : IOException;
}
