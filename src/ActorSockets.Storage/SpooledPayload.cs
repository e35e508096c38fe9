using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Protocols;

namespace ActorSockets.Storage;

/// <summary>A payload on its way in: in memory as long as it fits into a row, and then in a file.</summary>
internal sealed class SpooledPayload : IPayloadWriter
{
    /// <summary>Bytes of the largest payload that becomes a part of its row: above, files are faster.</summary>
    public const int MostInRow = 64 * 1024;

    private const int FirstBytes = 4 * 1024;

    private readonly PayloadFiles _files;
    private readonly OutboxRoom _room;
    private readonly PayloadDigest _hash = PayloadDigest.Of(DigestAlgorithm.Xxh128);
    private readonly BlockingCall<ReadOnlyMemory<byte>, bool> _write;
    private byte[]? _held = [];
    private FileStream? _file;
    private bool _isSubmitted;

    public SpooledPayload(PayloadFiles files, OutboxRoom room)
    {
        _files = files;
        _room = room;
        _write = new BlockingCall<ReadOnlyMemory<byte>, bool>(files.Disk, Write);
    }

    public long Length { get; private set; }

    /// <summary>Once it is complete: its digest.</summary>
    public string Digest { get; private set; } = "";

    /// <summary>Once it is complete: whether it is.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The bytes; null: they are in the file.</summary>
    public byte[]? Bytes => _held;

    /// <summary>The file's name; null: there is none.</summary>
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

    public async ValueTask CompleteAsync()
    {
        try
        {
            if (_file is not null)
            {
                await _files.Disk.Run(() =>
                {
                    _files.Flush(_file);
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
    }

    /// <summary>It belongs to a row now.</summary>
    public void Submitted() => _isSubmitted = true;

    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        if (_isSubmitted)
            return;
        _isSubmitted = true;
        _room.Release(Length);
        if (FileName is null)
            return;
        await _files.Disk.Run(() =>
        {
            Close();
            _files.Delete([FileName]);
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
            _file = _files.Create(FileName);
        }

        try
        {
            return PayloadFiles.Try(_file.Name, "written", () =>
            {
                if (_held is not null && Length > 0)
                    RandomAccess.Write(_file.SafeFileHandle, _held.AsSpan(0, (int)Length), 0);
                RandomAccess.Write(_file.SafeFileHandle, bytes.Span, Length);
                _held = null;
                return true;
            });
        }
        catch (LedgerException e) when (e.IsFull)
        {
            // What fitted is nobody's, and the database needs the room to note what was delivered.
            RandomAccess.SetLength(_file.SafeFileHandle, _held is null ? Length : 0);
            throw;
        }
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    private IOException Explained(IOException e) => e is LedgerException { IsFull: true } ? _room.DiskIsFull(e) : e;
}
