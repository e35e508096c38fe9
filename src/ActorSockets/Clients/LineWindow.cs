using ActorSockets.Outbox;

namespace ActorSockets.Clients;

/// <summary>
/// The deliveries of a target's line that are in memory: given to the sender, or settled and not yet written down. Its size is what
/// a target costs, however long its line is.
/// </summary>
/// <param name="size">Deliveries that it may have.</param>
internal sealed class LineWindow(int size)
{
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);

    public int Size => size;

    /// <summary>How many more it may have.</summary>
    public int Room => Math.Max(0, size - _places.Count);

    /// <summary>Bytes of payloads that are in memory.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => _places.Count == 0;

    /// <summary>The number up to which the line was taken.</summary>
    public long Last { get; private set; }

    /// <summary>Whether the next delivery of the line has the id of one that is still here.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Takes the next deliveries of the line, up to one whose id is that of another one here.</summary>
    /// <returns>Those that are to be given to the sender.</returns>
    public List<StoredDelivery> Take(IReadOnlyList<StoredDelivery> next)
    {
        var added = new List<StoredDelivery>();
        IsBlocked = false;
        foreach (var delivery in next)
        {
            if (_places.TryGetValue(delivery.Id, out var place) && place.Delivery.Number != delivery.Number)
            {
                IsBlocked = true;
                break;
            }

            Last = delivery.Number;
            if (place is not null)
                continue;
            _places.Add(delivery.Id, new Place(delivery));
            Bytes += BytesOf(delivery);
            added.Add(delivery);
        }

        return added;
    }

    /// <summary>Compares itself with the beginning of the line as it is now, which a person has changed.</summary>
    /// <param name="first">The first deliveries of the line, as many as the window may have.</param>
    /// <returns>Ids that are no longer to be sent; they have left the window.</returns>
    public List<string> Compare(IReadOnlyList<StoredDelivery> first)
    {
        var there = first.Select(delivery => delivery.Number).ToHashSet();
        var gone = _places.Values.Where(place => !place.IsSettled && !there.Contains(place.Delivery.Number)).Select(place => place.Delivery.Id).ToList();
        gone.ForEach(Remove);
        return gone;
    }

    /// <summary>The delivery has its outcome, which is to be written down. Null: it is none of the window's any more.</summary>
    public StoredDelivery? Settle(string id)
    {
        if (!_places.TryGetValue(id, out var place) || place.IsSettled)
            return null;
        place.IsSettled = true;
        return place.Delivery;
    }

    /// <summary>The delivery with that id, while it has no outcome.</summary>
    public StoredDelivery? Find(string id) => _places.TryGetValue(id, out var place) && !place.IsSettled ? place.Delivery : null;

    public void Remove(string id)
    {
        if (_places.Remove(id, out var place))
            Bytes -= BytesOf(place.Delivery);
    }

    private static long BytesOf(StoredDelivery delivery) => delivery.Payload.Bytes?.Length ?? 0;

    private sealed class Place(StoredDelivery delivery)
    {
        public StoredDelivery Delivery => delivery;

        public bool IsSettled { get; set; }
    }
}
