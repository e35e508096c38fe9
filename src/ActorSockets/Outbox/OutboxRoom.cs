using ActorSockets.Configuration;

namespace ActorSockets.Outbox;

/// <summary>
/// Counts what an outbox holds, against its limits. The store counts its rows when it opens, and every commit afterwards. Any
/// thread may call.
/// </summary>
internal sealed class OutboxRoom(OutboxLimits limits)
{
    // Full and not full in turns, with every delivery, would be said with every delivery.
    private const double RoomAgain = 0.9;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LineFigures> _lines = new(StringComparer.Ordinal);
    private TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<string?>? _fullChanged;
    private string? _full;
    private bool _isDiskFull;
    private long _bytes;
    private long _arriving;
    private long _complete;
    private long _deliveries;

    /// <summary>What is full; null: there is room.</summary>
    public string? Full
    {
        get
        {
            lock (_lock)
                return _full;
        }
    }

    /// <summary>Bytes of the payloads that are stored.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Deliveries in any state.</summary>
    public long Deliveries => Interlocked.Read(ref _deliveries);

    /// <summary>The figures of each target that has deliveries, or had some.</summary>
    public IReadOnlyDictionary<string, LineFigures> Lines()
    {
        lock (_lock)
            return new Dictionary<string, LineFigures>(_lines, StringComparer.Ordinal);
    }

    /// <summary>Calls back with what is full when it begins to be, and with null when there is room again.</summary>
    public void WhenFullChanges(Action<string?> changed)
    {
        lock (_lock)
            _fullChanged = changed;
    }

    /// <summary>Takes room for bytes that arrive.</summary>
    /// <exception cref="OutboxFullException">There is none.</exception>
    public void Reserve(long bytes)
    {
        lock (_lock)
        {
            if (WhyFull(bytes) is { } why)
                throw IsFull(why);
            _arriving += bytes;
        }
    }

    /// <summary>All bytes of a payload have come: it needs no more room.</summary>
    public void Completed(long bytes)
    {
        lock (_lock)
            _complete += bytes;
    }

    /// <summary>Gives back what was reserved: the bytes were dropped.</summary>
    public void Release(long bytes, bool isComplete = false)
    {
        lock (_lock)
        {
            _arriving -= bytes;
            if (isComplete)
                _complete -= bytes;
            Free();
        }
    }

    /// <summary>
    /// Whether a payload whose next bytes have no room may wait for it. Payloads that are arriving would wait for each other: where the outbox
    /// has no room for them together, this one gives up, and its own room is free at once for the others.
    /// </summary>
    /// <param name="held">What it has reserved so far; given back when it may not wait.</param>
    /// <param name="more">What has no room.</param>
    public bool MayWait(long held, long more)
    {
        lock (_lock)
        {
            // What is stored goes by itself, and so does what is complete.
            if (_bytes + _complete > 0 && _arriving - _complete + more <= limits.MaxBytes)
                return true;
            Release(held);
            return false;
        }
    }

    /// <summary>Whether the lines of these targets have room for one more delivery now; what is full, otherwise null.</summary>
    public string? WhyFull(IReadOnlyCollection<string> targets, long length)
    {
        lock (_lock)
        {
            if (_deliveries + targets.Count > limits.MaxDeliveries)
                return $"{_deliveries} deliveries are stored (outbox.max-deliveries)";
            foreach (var target in targets)
            {
                var line = _lines.GetValueOrDefault(target);
                if (line.Waiting >= limits.TargetMaxDeliveries)
                    return $"{line.Waiting} deliveries wait for {target} (outbox.per-target.max-deliveries)";
                // One that is larger than the limit passes when it is alone.
                if (line.Waiting > 0 && line.WaitingBytes + length > limits.TargetMaxBytes)
                    return $"{Sizes.Format(line.WaitingBytes)} wait for {target} (outbox.per-target.max-bytes)";
            }

            return null;
        }
    }

    /// <summary>What is full for so many more bytes; null: they have room.</summary>
    public string? WhyFull(long bytes)
    {
        lock (_lock)
        {
            return _bytes + _arriving + bytes <= limits.MaxBytes
                ? null
                : $"{Sizes.Format(_bytes)} are stored and {Sizes.Format(_arriving)} are arriving, of {Sizes.Format(limits.MaxBytes)} (outbox.max-bytes)";
        }
    }

    /// <summary>Counts a payload into these lines before it is committed: what comes meanwhile finds their room taken.</summary>
    /// <exception cref="OutboxFullException">One of the limits is reached.</exception>
    public void Join(IReadOnlyCollection<string> targets, long length)
    {
        lock (_lock)
        {
            if (WhyFull(targets, length) is { } why)
                throw IsFull(why);
            foreach (var target in targets)
                Moved(target, length, null, DeliveryState.Queued);
        }
    }

    /// <summary>Counts it out again: it was not committed.</summary>
    public void Leave(IReadOnlyCollection<string> targets, long length)
    {
        lock (_lock)
        {
            foreach (var target in targets)
                Moved(target, length, DeliveryState.Queued, null);
        }
    }

    /// <summary>A disk that is full is an outbox that is full.</summary>
    public OutboxFullException DiskIsFull(IOException cause)
    {
        lock (_lock)
        {
            _isDiskFull = true;
            return IsFull(cause.Message, cause);
        }
    }

    /// <summary>A complete payload was committed; its bytes were reserved before.</summary>
    public void Stored(long bytes)
    {
        lock (_lock)
        {
            _bytes += bytes;
            _arriving -= bytes;
            _complete -= bytes;
            // A disk that took something has room again.
            _isDiskFull = false;
            NoticeRoom();
        }
    }

    /// <summary>A payload was removed.</summary>
    public void Removed(long bytes)
    {
        lock (_lock)
        {
            _bytes -= bytes;
            Free();
        }
    }

    /// <summary>A delivery of this length came (<paramref name="from"/> is null), went (<paramref name="to"/> is), or changed its state.</summary>
    public void Moved(string target, long length, DeliveryState? from, DeliveryState? to)
    {
        lock (_lock)
        {
            var line = _lines.GetValueOrDefault(target);
            if (from is { } was)
                line = line.Add(was, -1, -length);
            if (to is { } now)
                line = line.Add(now, 1, length);
            _lines[target] = line;
            _deliveries += (to is null ? 0 : 1) - (from is null ? 0 : 1);
            if (to is not DeliveryState.Queued)
                Free();
        }
    }

    /// <summary>
    /// Takes the figures of the store: those of its start; and, where other processes have it open too, those of every second. Between two
    /// counts, a limit is kept but for what the others store meanwhile.
    /// </summary>
    /// <param name="lines">Figures of each target that has deliveries.</param>
    /// <param name="bytes">Of all payloads.</param>
    public void Recount(IReadOnlyDictionary<string, LineFigures> lines, long bytes)
    {
        lock (_lock)
        {
            _lines.Clear();
            foreach (var (target, line) in lines)
                _lines[target] = line;
            _deliveries = lines.Values.Sum(line => line.Waiting + line.SetAside);
            _bytes = bytes;
            Free();
        }
    }

    /// <summary>Done when something has gone since the call, or after the longest wait.</summary>
    public Task WhenFreedAsync(TimeSpan longest)
    {
        Task freed;
        lock (_lock)
            freed = _freed.Task;
        return Task.WhenAny(freed, Task.Delay(longest));
    }

    /// <summary>Bytes of the longest payload that an empty outbox can hold.</summary>
    public long MaxBytes => limits.MaxBytes;

    private void Free()
    {
        NoticeRoom();
        _freed.TrySetResult();
        _freed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void NoticeRoom()
    {
        if (_full is null || _isDiskFull || _bytes + _arriving > RoomAgain * limits.MaxBytes || _deliveries > RoomAgain * limits.MaxDeliveries
            || _lines.Values.Any(line => line.Waiting > RoomAgain * limits.TargetMaxDeliveries || (line.Waiting > 1 && line.WaitingBytes > RoomAgain * limits.TargetMaxBytes)))
            return;
        _full = null;
        _fullChanged?.Invoke(null);
    }

    private OutboxFullException IsFull(string what, Exception? cause = null)
    {
        if (_full is null)
            _fullChanged?.Invoke(what);
        _full = what;
        return new OutboxFullException($"the outbox is full: {what}", cause);
    }
}

/// <summary>A target's line. Bytes are those of the payloads, also when other targets share them.</summary>
/// <param name="Queued">Deliveries that wait for their turn or are under way.</param>
/// <param name="Held">Deliveries that a person holds.</param>
/// <param name="SetAside">Deliveries that failed or are unconfirmed.</param>
/// <param name="WaitingBytes">Bytes of those that are queued or held.</param>
/// <param name="SetAsideBytes">Bytes of those that were set aside.</param>
internal readonly record struct LineFigures(long Queued, long Held, long SetAside, long WaitingBytes, long SetAsideBytes)
{
    /// <summary>Queued and held.</summary>
    public long Waiting => Queued + Held;

    public LineFigures Add(DeliveryState state, long count, long bytes) => state switch
    {
        DeliveryState.Queued => this with { Queued = Queued + count, WaitingBytes = WaitingBytes + bytes },
        DeliveryState.Held => this with { Held = Held + count, WaitingBytes = WaitingBytes + bytes },
        _ => this with { SetAside = SetAside + count, SetAsideBytes = SetAsideBytes + bytes },
    };
}
