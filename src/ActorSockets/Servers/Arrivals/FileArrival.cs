using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// A delivery on its way into an <see cref="Inbox"/>. Its bytes go into a partial file, which is flushed now and then, and the
/// ledger notes how far. The bytes of a small one wait in memory until all have come: it needs one turn on a disk thread.
/// </summary>
internal sealed class FileArrival : IArrival
{
    /// <summary>Bytes of a delivery that stay in memory; the connection's window limits how many deliveries do.</summary>
    public const int MostHeld = 16 * 1024;

    private readonly Inbox _inbox;
    private readonly ArrivalClaims.Claim _claim;
    private readonly ArrivalRequest _request;
    private readonly BlockingCall<ReadOnlyMemory<byte>, long> _write;
    private readonly string _fileName;
    private byte[]? _held;
    private WrittenFile? _file;
    private long _written;
    private long _noted;
    private long _flushedTo;
    private long _flushedAt = Environment.TickCount64;
    private bool _flushFailed;
    private Task _flushing = Task.CompletedTask;

    /// <param name="inbox">Where it goes.</param>
    /// <param name="claim">Released when the arrival has ended.</param>
    /// <param name="request">What its sender said.</param>
    /// <param name="partial">What came of it earlier, and is to be gone on from; null: nothing.</param>
    public FileArrival(Inbox inbox, ArrivalClaims.Claim claim, ArrivalRequest request, LedgerEntry? partial)
    {
        _inbox = inbox;
        _claim = claim;
        _request = request;
        _write = new BlockingCall<ReadOnlyMemory<byte>, long>(inbox.Disk, Write);
        _fileName = partial?.PartialFile ?? Guid.NewGuid().ToString("N");
        Offset = _written = _noted = _flushedTo = partial?.Offset ?? 0;
        if (partial is null && (request.Length ?? 0) <= MostHeld)
            _held = [];
    }

    public long Offset { get; }

    private string PartialPath => Path.Combine(_inbox.PartialsDirectory, _fileName);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_held is not null && _written + bytes.Length <= MostHeld)
        {
            Hold(bytes.Span);
            return;
        }

        await _write.RunAsync(bytes);
        var unflushed = _written - _flushedTo;
        if (_flushing.IsFaulted || unflushed >= 2 * _inbox.Settings.FlushBytes)
            await _flushing;
        if (_flushing.IsCompleted && (unflushed >= _inbox.Settings.FlushBytes || (unflushed > 0 && Environment.TickCount64 - _flushedAt >= _inbox.Settings.FlushInterval.TotalMilliseconds)))
            _flushing = FlushAsync();
    }

    public Task<int> ReadAsync(Memory<byte> to, long position) => _inbox.Disk.Run(() => Open().Read(to.Span, position));

    public async Task<Stored> StoreAsync(long length, string digest)
    {
        try
        {
            await _flushing;
            await _inbox.Disk.Run(() =>
            {
                Open();
                Flush();
                Close();
            });
        }
        catch (IOException)
        {
            await KeepAsync();
            throw;
        }

        try
        {
            return new Stored(await _inbox.Storing.StoreAsync(Entry(LedgerState.Storing) with { Length = length, Digest = digest, Offset = length }, _request.Name));
        }
        catch (NameTakenException)
        {
            (_noted, _written) = (length, length);
            await RemoveAsync();
            throw;
        }
        finally
        {
            // When it failed otherwise, the ledger has it as storing, or not at all: the next opening looks, and the next start.
            _claim.Release();
        }
    }

    public async Task<long> KeepAsync()
    {
        try
        {
            await _flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_file is null && _noted == 0)
                return 0;
            if (_inbox.Settings.KeepPartial == TimeSpan.Zero)
            {
                await RemoveAsync();
                return 0;
            }

            if (_file is not null && _written > _noted && !_flushFailed)
                await FlushAsync();
            return _noted;
        }
        catch (IOException)
        {
            // What was noted before stays; a file that the ledger does not know goes with the next start.
            return _noted;
        }
        finally
        {
            await EndAsync();
        }
    }

    public async Task DropAsync()
    {
        try
        {
            await _flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await RemoveAsync();
        }
        finally
        {
            await EndAsync();
        }
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        if (_held!.Length < _written + bytes.Length)
            Array.Resize(ref _held, (int)Math.Max(_written + bytes.Length, _request.Length ?? 2 * _held.Length));
        bytes.CopyTo(_held.AsSpan((int)_written));
        _written += bytes.Length;
    }

    /// <summary>On a disk thread.</summary>
    private long Write(ReadOnlyMemory<byte> bytes)
    {
        Open().Write(bytes.Span, _written);
        return _written += bytes.Length;
    }

    /// <summary>Opens the partial file. On a disk thread; a delivery that goes on is opened before anything else.</summary>
    public WrittenFile Open()
    {
        if (_file is not null)
            return _file;

        _file = _noted > 0 ? WrittenFile.GoOn(PartialPath, _noted) : WrittenFile.Create(PartialPath, _inbox.Settings.FileMode);
        if (_held is null)
            return _file;
        if (_written > 0)
            _file.Write(_held.AsSpan(0, (int)_written), 0);
        _held = null;
        return _file;
    }

    private void Flush()
    {
        try
        {
            _file!.Flush();
        }
        catch (IOException)
        {
            // A second flush would succeed without the bytes, for the kernel has dropped them (fsync(2), EIO).
            _flushFailed = true;
            throw;
        }
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>Flushes the file, and notes how much of it is on the disk. Writes may go on meanwhile: they count the next time.</summary>
    private async Task FlushAsync()
    {
        var to = _written;
        (_flushedTo, _flushedAt) = (to, Environment.TickCount64);
        await _inbox.Disk.Run(() =>
        {
            Flush();
            if (_noted == 0)
                Posix.FlushDirectory(_inbox.PartialsDirectory);
        });
        await _inbox.Ledger.WriteAsync(Entry(LedgerState.Partial) with { Offset = to });
        _noted = to;
    }

    /// <summary>The row first, then the file: a row without its file would be taken for a file that was renamed.</summary>
    private async Task RemoveAsync()
    {
        await _inbox.Ledger.RemoveAsync(_request.Key);
        if (_file is not null || _noted > 0)
            await _inbox.Disk.Run(() => File.Delete(PartialPath));
        _noted = 0;
    }

    private async Task EndAsync()
    {
        _held = null;
        if (_file is not null)
            await _inbox.Disk.Run(Close);
        _claim.Release();
    }

    private LedgerEntry Entry(LedgerState state) => new()
    {
        Key = _request.Key,
        State = state,
        Length = _request.Length,
        Digest = _request.Digest,
        PartialFile = _fileName,
        At = DateTime.UtcNow,
    };
}
