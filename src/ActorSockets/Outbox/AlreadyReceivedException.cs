namespace ActorSockets.Outbox;

/// <summary>The ledger knows the delivery, which was received before; nothing was written. The store is in order.</summary>
internal sealed class AlreadyReceivedException(LedgerEntry entry) : IOException($"the delivery {entry.Key.Id} was received before")
{
    /// <summary>What it knows.</summary>
    public LedgerEntry Entry => entry;
}
