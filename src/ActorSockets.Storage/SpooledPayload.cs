using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Protocols;

namespace ActorSockets.Storage;

/// <summary>A payload on its way in: in memory as long as it fits into a row, and then elsewhere.</summary>
internal sealed class SpooledPayload : IPayloadWriter
{
    /// <summary>Bytes of the largest payload that becomes a part of its row: above, files are faster.</summary>
    public const int MostInRow = 64 * 1024;

    private const int FirstBytes = 4 * 1024;

    private readonly ILargePayloads _large;
    private readonly OutboxRoom _room;
    private readonly PayloadDigest _hash = PayloadDigest.Of(DigestAlgorithm.Xxh128);
    private readonly BlockingCall<ReadOnlyMemory<byte>, bool> _write;
    private byte[]? _held = [];
    private ILargePayload? _file;
    private bool _isSubmitted;
    private bool _isKept;
    private bool _hasGivenUp;

    public SpooledPayload(ILargePayloads large, OutboxRoom room)
    {
        _large = large;
        _room = room;
        _write = new BlockingCall<ReadOnlyMemory<byte>, bool>(large.Lane, Write);
    }

    public long Length { get; private set; }

    /// <summary>Once it is complete: its digest.</summary>
    public string Digest { get; private set; } = "";

    /// <summary>Once it is complete: whether it is.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The bytes; null: they are elsewhere.</summary>
    public byte[]? Bytes => _held;

    /// <summary>The name that they have elsewhere; null: they are here.</summary>
    public string? FileName { get; private set; }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        _room.Reserve(bytes.Length);
        try
        {
            if (_held is not null && Length + bytes.Length <= MostInRow)
                Hold(bytes.Span);
            else
                await _write.RunAsync(bytes);
        }
        catch (IOException e)
        {
            _room.Release(bytes.Length);
            throw Explained(e);
        }

        _hash.Append(bytes.Span);
        Length += bytes.Length;
    }

    public bool MayWait(int bytes)
    {
        _hasGivenUp = !_room.MayWait(Length, bytes);
        return !_hasGivenUp;
    }

    public async ValueTask CompleteAsync()
    {
        try
        {
            if (_file is not null)
            {
                await _large.Lane.Run(() =>
                {
                    _file.Flush();
                    Close();
                });
            }
        }
        catch (IOException e)
        {
            throw Explained(e);
        }

        if (_held is not null && _held.Length != Length)
            Array.Resize(ref _held, (int)Length);
        Digest = _hash.Value().ToString();
        IsComplete = true;
        _room.Completed(Length);
    }

    public Task<Stream> OpenAsync() => new OutboxPayload(Bytes, FileName is null ? null : _large.Open(FileName, Length), Length, Digest).OpenAsync();

    /// <summary>It belongs to a row now.</summary>
    public void Submitted() => _isSubmitted = true;

    /// <summary>It may belong to a row: the next start finds out, and deletes it if it does not.</summary>
    public void Keep() => _isKept = true;

    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        if (_isSubmitted)
            return;
        _isSubmitted = true;
        if (!_hasGivenUp)
            _room.Release(Length, IsComplete);
        if (FileName is null)
            return;
        await _large.Lane.Run(() =>
        {
            Close();
            if (!_isKept)
                _large.Drop(FileName);
        });
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        var needed = (int)Length + bytes.Length;
        if (_held!.Length < needed)
            Array.Resize(ref _held, Length == 0 ? needed : Math.Max(needed, Math.Max(FirstBytes, Math.Min(MostInRow, 2 * _held.Length))));
        bytes.CopyTo(_held.AsSpan((int)Length));
    }

    private bool Write(ReadOnlyMemory<byte> bytes)
    {
        if (_file is null)
        {
            FileName ??= Guid.CreateVersion7().ToString("N");
            _file = _large.Create(FileName);
        }

        // What was held goes with the first bytes behind it: if they cannot be written, it is still held.
        if (_held is { } held && Length > 0)
            _file.Write(held.AsSpan(0, (int)Length), 0);
        _file.Write(bytes.Span, Length);
        _held = null;
        return true;
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    private IOException Explained(IOException e) => e is LedgerException { IsFull: true } ? _room.DiskIsFull(e) : e;
}
