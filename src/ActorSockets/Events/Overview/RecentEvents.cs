namespace ActorSockets.Events.Overview;

/// <summary>An event and its place in the order of all events.</summary>
/// <param name="Number">1, 2, 3, …</param>
/// <param name="Time">When it was heard of.</param>
/// <param name="Happened">The event.</param>
internal sealed record NumberedEvent(long Number, DateTime Time, object Happened);

/// <summary>The last events, without those that only say how far something is.</summary>
internal sealed class RecentEvents(int capacity)
{
    private readonly Queue<NumberedEvent> _events = new(capacity);
    private long _number;

    public void Add(object happened, DateTime time)
    {
        if (happened is Deliveries.Progressed or ServerEvents.Received or Ticked)
            return;
        if (_events.Count == capacity)
            _events.Dequeue();
        _events.Enqueue(new NumberedEvent(++_number, time, happened));
    }

    /// <summary>Those with a higher number, the oldest first, as far as they are still kept.</summary>
    public IReadOnlyList<NumberedEvent> After(long number) => [.. _events.Where(e => e.Number > number)];
}
