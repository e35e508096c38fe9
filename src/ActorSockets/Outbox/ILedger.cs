namespace ActorSockets.Outbox;

/// <summary>
/// What was received and what is arriving: the memory behind "stored exactly once". Calls may overlap; an entry that a call has
/// written is found by every call after it.
/// </summary>
internal interface ILedger
{
    /// <summary>What is known of a delivery; null: nothing.</summary>
    /// <exception cref="IOException">The ledger cannot be read.</exception>
    ValueTask<LedgerEntry?> FindAsync(DeliveryKey key);

    /// <summary>Writes entries over those with the same keys: all of them or none. Done when they survive a power cut.</summary>
    /// <exception cref="IOException">Nothing was written; see <see cref="LedgerException.IsFull"/>.</exception>
    Task WriteAsync(params IReadOnlyCollection<LedgerEntry> entries);

    /// <summary>Forgets deliveries. Done when a power cut brings none of them back.</summary>
    /// <exception cref="IOException">None was forgotten.</exception>
    Task RemoveAsync(params IReadOnlyCollection<DeliveryKey> keys);

    /// <summary>Every entry that is not <see cref="LedgerState.Received"/>, the oldest first.</summary>
    /// <exception cref="IOException">The ledger cannot be read.</exception>
    Task<IReadOnlyList<LedgerEntry>> UnfinishedAsync();

    /// <summary>Forgets <see cref="LedgerState.Received"/> entries written before <paramref name="before"/>.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="IOException">The ledger cannot be written.</exception>
    Task<int> ForgetAsync(DateTime before);
}
