using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>What a transaction does to the figures of an outbox, and the files that nobody needs after it.</summary>
internal sealed class OutboxMoves
{
    private readonly List<(string Target, long Length, DeliveryState? From, DeliveryState? To)> _deliveries = [];
    private long _removed;

    /// <summary>Files whose rows are gone.</summary>
    public List<string> Files { get; } = [];

    /// <summary>Deliveries that a person removed.</summary>
    public List<(string Target, string Id)> Cancelled { get; } = [];

    public void Ended(string target, long length, DeliveryState? from, DeliveryState? to) => _deliveries.Add((target, length, from, to));

    public void RemovedPayload(long length, string? file)
    {
        _removed += length;
        if (file is not null)
            Files.Add(file);
    }

    /// <summary>The transaction is committed.</summary>
    public void Apply(OutboxRoom room)
    {
        foreach (var (target, length, from, to) in _deliveries)
            room.Moved(target, length, from, to);
        if (_removed > 0)
            room.Removed(_removed);
    }
}
