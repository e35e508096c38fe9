namespace ActorSockets.Events;

/// <summary>The events of the outbox. Sizes are bytes.</summary>
public static class OutboxEvents
{
    /// <summary>An event of the outbox.</summary>
    public interface IOutboxEvent;

    /// <summary>The outbox is open. What it holds goes on.</summary>
    public sealed record OutboxOpened(string Place, long Deliveries, long Bytes) : IOutboxEvent;

    /// <summary>The outbox cannot be opened.</summary>
    public sealed record OutboxFailed(string Place, string Reason) : IOutboxEvent;

    /// <summary>A payload is damaged; its delivery is set aside.</summary>
    public sealed record OutboxDamaged(string Description) : IOutboxEvent;

    /// <summary>Deliveries wait for a target that is not there, or is not durable: nobody sends them. Published once, until that changes; nodes of a cluster warn instead.</summary>
    public sealed record OutboxStranded(string Target, long Waiting) : IOutboxEvent;

    /// <summary>A limit is reached, or the disk is full. Published once, until <see cref="OutboxHasRoom"/>.</summary>
    public sealed record OutboxFull(string Limit) : IOutboxEvent;

    /// <summary>There is room again.</summary>
    public sealed record OutboxHasRoom(string Place) : IOutboxEvent;

    /// <summary>The store cannot be read or written at the moment. Published once, until <see cref="OutboxWorks"/>; it is tried again.</summary>
    public sealed record OutboxFailing(string Reason) : IOutboxEvent;

    /// <summary>The store can be read and written again.</summary>
    public sealed record OutboxWorks(string Place) : IOutboxEvent;

    /// <summary>What the outbox holds; published each second, if it changed.</summary>
    /// <param name="Waiting">Deliveries that are queued or held.</param>
    /// <param name="SetAside">Deliveries that failed or are unconfirmed.</param>
    /// <param name="Bytes">Bytes of all payloads.</param>
    /// <param name="Oldest">When the oldest delivery came that waits, in UTC; null: none waits.</param>
    /// <param name="Targets">Deliveries that wait for each target.</param>
    public sealed record OutboxMeasured(long Waiting, long SetAside, long Bytes, DateTime? Oldest, IReadOnlyDictionary<string, long> Targets);
}
