namespace ActorSockets.Outbox;

/// <summary>The ledger of sinks that keep nothing: it ends with the process. Of too many entries the oldest are forgotten first.</summary>
/// <param name="capacity">Entries that it remembers; 1 and more.</param>
internal sealed class MemoryLedger(int capacity) : ILedger
{
    private readonly Lock _lock = new();
    private readonly Dictionary<DeliveryKey, LinkedListNode<LedgerEntry>> _entries = [];

    // In the order in which they were written.
    private readonly LinkedList<LedgerEntry> _oldestFirst = [];

    public ValueTask<LedgerEntry?> FindAsync(DeliveryKey key)
    {
        lock (_lock)
            return new ValueTask<LedgerEntry?>(_entries.GetValueOrDefault(key)?.Value);
    }

    public Task WriteAsync(params IReadOnlyCollection<LedgerEntry> entries)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
            {
                Remove(entry.Key);
                _entries[entry.Key] = _oldestFirst.AddLast(entry);
            }

            while (_entries.Count > capacity)
                Remove(_oldestFirst.First!.Value.Key);
        }

        return Task.CompletedTask;
    }

    public Task RemoveAsync(params IReadOnlyCollection<DeliveryKey> keys)
    {
        lock (_lock)
        {
            foreach (var key in keys)
                Remove(key);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<LedgerEntry>> UnfinishedAsync()
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<LedgerEntry>>([.. _oldestFirst.Where(entry => entry.State != LedgerState.Received)]);
    }

    public Task<int> ForgetAsync(DateTime before)
    {
        lock (_lock)
        {
            var old = _oldestFirst.Where(entry => entry.State == LedgerState.Received && entry.At < before).Select(entry => entry.Key).ToArray();
            foreach (var key in old)
                Remove(key);
            return Task.FromResult(old.Length);
        }
    }

    private void Remove(DeliveryKey key)
    {
        if (_entries.Remove(key, out var node))
            _oldestFirst.Remove(node);
    }
}
