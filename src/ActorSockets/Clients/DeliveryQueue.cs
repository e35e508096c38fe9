using ActorSockets.Events;
using ActorSockets.Payloads;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>A delivery on its way, and its figures so far.</summary>
internal sealed class Delivery(Deliveries.Deliver command, IActorRef replyTo)
{
    private readonly StreamPayload? _stream = command.Payload as StreamPayload;

    public Deliveries.Deliver Command { get; } = command;

    public IActorRef ReplyTo { get; } = replyTo;

    /// <summary>Null: not known yet.</summary>
    public long? Length
    {
        get => _stream is null ? field : _stream.Length;
        set;
    } = 0;

    public long Taken { get; private set; }

    public long TakenBefore { get; private set; }

    public long ResumedFrom { get; private set; }

    public int Attempts { get; private set; }

    /// <summary>The most that any attempt got across.</summary>
    private long HighWaterMark { get; set; }

    /// <summary>Attempts in a row without progress: what backoff counts.</summary>
    public int FruitlessAttempts { get; set; }

    /// <summary>How often the target found that bytes and digest do not fit.</summary>
    public int Mismatches { get; set; }

    /// <summary>When it was added to the queue.</summary>
    public TimeSpan AddedAt { get; init; }

    public TimeSpan StartedAt { get; set; }

    /// <summary>When a byte was last taken that no attempt before had got across: attempts that never do are given up.</summary>
    public TimeSpan ProgressAt { get; set; }

    public TimeSpan Blocked { get; set; }

    /// <summary>Whether an attempt is under way.</summary>
    public bool IsAttempting { get; private set; }

    /// <summary>Whether the attempt has a connection.</summary>
    public bool IsConnected { get; set; }

    /// <summary>Its place among those of its target.</summary>
    public long Number { get; set; }

    public void BeginAttempt()
    {
        Attempts++;
        IsAttempting = true;
        TakenBefore += Taken;
        (Taken, ResumedFrom) = (0, 0);
    }

    /// <summary>Whether the payload is a stream that has not ended, and everything that has come of it is taken: nothing can make progress.</summary>
    public bool IsDry => IsConnected && (_stream?.IsDryAt(Taken) ?? false);

    /// <param name="now">Waiting for a stream is not a lack of progress.</param>
    public void EndAttempt(TimeSpan now)
    {
        if (IsDry)
            ProgressAt = now;
        (IsAttempting, IsConnected) = (false, false);
    }

    /// <summary>The target has the payload up to there: that much is not sent again.</summary>
    public void ResumeFrom(long offset)
    {
        TakenBefore -= Math.Min(TakenBefore, offset);
        (Taken, ResumedFrom) = (offset, offset);
    }

    public void Progress(long taken, TimeSpan now)
    {
        Taken = taken;
        if (taken <= HighWaterMark)
            return;
        HighWaterMark = taken;
        ProgressAt = now;
        FruitlessAttempts = 0;
    }

    public Deliveries.Report ReportAt(TimeSpan now) => new(Length, Taken, TakenBefore, Attempts, now - StartedAt, Blocked, ResumedFrom);
}

/// <summary>
/// The deliveries of one target: those under way, and those that wait. It is made by the supervisor and used by the sender
/// alone, so that it outlives a sender that crashed.
/// </summary>
internal sealed class DeliveryQueue(int maxQueued)
{
    private readonly LinkedList<Delivery> _underWay = new();
    private readonly LinkedList<Delivery> _waiting = new();
    private readonly Dictionary<string, LinkedListNode<Delivery>> _byId = new(StringComparer.Ordinal);
    private long _added;

    /// <summary>The oldest one under way.</summary>
    public Delivery? Current => _underWay.First?.Value;

    /// <summary>Oldest first.</summary>
    public IReadOnlyCollection<Delivery> UnderWay => _underWay;

    /// <summary>The oldest one that waits.</summary>
    public Delivery? Next => _waiting.First?.Value;

    /// <summary>Deliveries behind the current one.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Whether no more deliveries are taken.</summary>
    public bool Draining { get; set; }

    /// <summary>False when no more may wait.</summary>
    public bool TryAdd(Delivery delivery)
    {
        if (_waiting.Count >= maxQueued)
            return false;
        delivery.Number = delivery.Command.Place ?? _added++;
        var node = new LinkedListNode<Delivery>(delivery);
        _byId[delivery.Command.Id] = node;
        var before = _waiting.Last;
        while (before is not null && before.Value.Number > delivery.Number)
            before = before.Previous;
        if (before is null)
            _waiting.AddFirst(node);
        else
            _waiting.AddAfter(before, node);
        return true;
    }

    /// <summary>Puts the oldest waiting delivery under way; null when none waits.</summary>
    public Delivery? TryTake()
    {
        if (_waiting.First is not { } node)
            return null;
        _waiting.Remove(node);
        _underWay.AddLast(node);
        return node.Value;
    }

    /// <summary>Ends the current delivery and makes the next one current; false when none waits.</summary>
    public bool TryAdvance()
    {
        if (Current is { } current)
            Remove(current);
        return TryTake() is not null;
    }

    /// <summary>Puts a delivery that is under way back to its place among those that wait.</summary>
    public void Return(Delivery delivery)
    {
        var node = _byId[delivery.Command.Id];
        _underWay.Remove(node);
        var behind = _waiting.First;
        while (behind is not null && behind.Value.Number < delivery.Number)
            behind = behind.Next;
        if (behind is null)
            _waiting.AddLast(node);
        else
            _waiting.AddBefore(behind, node);
    }

    /// <summary>Whether a delivery of this id is waiting or under way.</summary>
    public bool Contains(string id) => _byId.ContainsKey(id);

    /// <summary>The delivery under way with that id, or null.</summary>
    public Delivery? FindUnderWay(string id) => _byId.TryGetValue(id, out var node) && node.List == _underWay ? node.Value : null;

    /// <summary>Whether this very delivery waits.</summary>
    public bool IsWaiting(Delivery delivery) => _byId.TryGetValue(delivery.Command.Id, out var node) && node.Value == delivery && node.List == _waiting;

    /// <summary>Takes a waiting delivery out; null when none has the id.</summary>
    public Delivery? TryRemove(string id)
    {
        if (!_byId.TryGetValue(id, out var node) || node.List != _waiting)
            return null;
        Remove(node.Value);
        return node.Value;
    }

    /// <summary>Takes a delivery out.</summary>
    public void Remove(Delivery delivery)
    {
        if (_byId.Remove(delivery.Command.Id, out var node))
            node.List!.Remove(node);
    }
}
