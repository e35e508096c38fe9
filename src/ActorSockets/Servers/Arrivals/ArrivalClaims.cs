using System.Collections.Concurrent;
using ActorSockets.Outbox;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// Gives each delivery to one connection at a time. A newer connection that brings the same id evicts the older one, which is the
/// half-open rest of a sender that has gone, and waits until that one has let go.
/// </summary>
internal sealed class ArrivalClaims
{
    // The last one for each delivery, which waits for the one before it.
    private readonly ConcurrentDictionary<DeliveryKey, Claim> _claims = new();

    /// <summary>Whether a connection has the delivery now.</summary>
    public bool Has(DeliveryKey key) => _claims.ContainsKey(key);

    /// <summary>Takes the delivery when all who came earlier have released it, in the order of the calls.</summary>
    /// <param name="key">The delivery.</param>
    /// <param name="owner">The connection: a claim of the same owner is waited for, and not evicted.</param>
    /// <param name="evict">Called when another connection wants the delivery; may be called more than once, by any thread.</param>
    public async Task<Claim> TakeAsync(DeliveryKey key, object owner, Action evict)
    {
        var mine = new Claim(this, key, owner, evict);
        while (!_claims.TryAdd(key, mine))
        {
            if (!_claims.TryGetValue(key, out var before) || !_claims.TryUpdate(key, mine, before))
                continue;
            if (!ReferenceEquals(before.Owner, owner))
                before.Evict();
            await before.Released;
            break;
        }

        return mine;
    }

    /// <summary>Takes the delivery when nobody has it; null otherwise. Whoever wants it meanwhile waits.</summary>
    public Claim? TryTake(DeliveryKey key)
    {
        var mine = new Claim(this, key, this, () => { });
        return _claims.TryAdd(key, mine) ? mine : null;
    }

    internal sealed class Claim(ArrivalClaims claims, DeliveryKey key, object owner, Action evict)
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public DeliveryKey Key { get; } = key;

        public object Owner { get; } = owner;

        public Task Released => _released.Task;

        public void Evict() => evict();

        /// <summary>Lets the next one have it; the second call does nothing.</summary>
        public void Release()
        {
            // Removed first: whoever is told of the release finds the place free.
            claims._claims.TryRemove(new KeyValuePair<DeliveryKey, Claim>(Key, this));
            _released.TrySetResult();
        }
    }
}
