using ActorSockets.Events;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>A delivery on its way, and its figures so far.</summary>
internal sealed class Delivery(Deliveries.Deliver command, IActorRef replyTo)
{
    public Deliveries.Deliver Command { get; } = command;

    public IActorRef ReplyTo { get; } = replyTo;

    public long Length { get; set; }

    public long Taken { get; private set; }

    public long TakenBefore { get; private set; }

    public int Attempts { get; private set; }

    /// <summary>The most that any attempt got across.</summary>
    private long HighWaterMark { get; set; }

    /// <summary>Attempts in a row without progress: what backoff counts.</summary>
    public int FruitlessAttempts { get; set; }

    public TimeSpan StartedAt { get; set; }

    /// <summary>When a byte was last taken that no attempt before had got across: attempts that never do are given up.</summary>
    public TimeSpan ProgressAt { get; set; }

    public TimeSpan Blocked { get; set; }

    public void BeginAttempt()
    {
        Attempts++;
        TakenBefore += Taken;
        Taken = 0;
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

    public Deliveries.Report ReportAt(TimeSpan now) => new(Length, Taken, TakenBefore, Attempts, now - StartedAt, Blocked);
}

/// <summary>
/// The deliveries of one target, the one under way first. It is made by the supervisor and used by the sender alone, so
/// that it outlives a sender that crashed.
/// </summary>
internal sealed class DeliveryQueue(int maxQueued)
{
    private readonly LinkedList<Delivery> _waiting = new();

    public Delivery? Current { get; private set; }

    /// <summary>Deliveries behind the current one.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Whether no more deliveries are taken.</summary>
    public bool Draining { get; set; }

    /// <summary>False when no more may wait.</summary>
    public bool TryAdd(Delivery delivery)
    {
        if (_waiting.Count >= maxQueued)
            return false;
        _waiting.AddLast(delivery);
        return true;
    }

    /// <summary>Makes the next delivery the current one; false when none waits.</summary>
    public bool TryAdvance()
    {
        Current = _waiting.First?.Value;
        if (Current is not null)
            _waiting.RemoveFirst();
        return Current is not null;
    }

    /// <summary>Whether a delivery of this id is waiting or under way.</summary>
    public bool Contains(string id) => Current?.Command.Id == id || _waiting.Any(d => d.Command.Id == id);

    /// <summary>Takes a waiting delivery out; null when none has the id.</summary>
    public Delivery? TryRemove(string id)
    {
        var delivery = _waiting.FirstOrDefault(d => d.Command.Id == id);
        if (delivery is not null)
            _waiting.Remove(delivery);
        return delivery;
    }
}
