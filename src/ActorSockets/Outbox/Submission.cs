namespace ActorSockets.Outbox;

/// <summary>A payload and where it is to go.</summary>
/// <param name="Payload">Complete. It belongs to the outbox from here on.</param>
/// <param name="Deliveries">One for each target; at least one.</param>
/// <param name="Received">What the ledger of the same store notes in the same transaction; null: nothing.</param>
internal sealed record Submission(IPayloadWriter Payload, IReadOnlyList<NewDelivery> Deliveries, LedgerEntry? Received = null);

/// <summary>A delivery that is to be.</summary>
/// <param name="Target">The target's name.</param>
/// <param name="Id">One of its own in the target's line; it stays the same over all attempts and restarts.</param>
/// <param name="Name">The file name that the receiver should give it; null: none.</param>
internal sealed record NewDelivery(string Target, string Id, string? Name = null);

/// <summary>A delivery as it waits in an outbox.</summary>
internal sealed record StoredDelivery
{
    /// <summary>Its place: the lines are in the order of their numbers.</summary>
    public required long Number { get; init; }

    public required string Target { get; init; }

    public required string Id { get; init; }

    public string? Name { get; init; }

    public required OutboxPayload Payload { get; init; }

    /// <summary>When it came, or was last told to be tried again; in UTC. Giving up counts from here.</summary>
    public required DateTime Since { get; init; }

    /// <summary>Connections tried so far.</summary>
    public required int Attempts { get; init; }

    /// <summary>The target's epoch of whoever took it from its line.</summary>
    public long Epoch { get; init; }
}

/// <summary>What became of a delivery.</summary>
internal abstract record OutboxRecord(StoredDelivery Delivery)
{
    /// <summary>It is done, and leaves the outbox.</summary>
    public sealed record Done(StoredDelivery Delivery) : OutboxRecord(Delivery);

    /// <summary>It is set aside, for a person to see.</summary>
    public sealed record SetAside(StoredDelivery Delivery, DeliveryState State, int Attempts, string Kind, string Reason, DateTime At) : OutboxRecord(Delivery);

    /// <summary>It was tried in vain, and will be tried again.</summary>
    public sealed record Tried(StoredDelivery Delivery, int Attempts, string Kind, string Reason, DateTime At) : OutboxRecord(Delivery);
}

/// <summary>States of a delivery in an outbox. A delivered one is no longer there.</summary>
internal enum DeliveryState
{
    /// <summary>It waits for its turn, or is under way.</summary>
    Queued,

    /// <summary>A person holds it.</summary>
    Held,

    /// <summary>It could not be delivered. A person can tell it to be tried again.</summary>
    Failed,

    /// <summary>All of it was sent, and the target did not confirm it.</summary>
    Unconfirmed,
}
