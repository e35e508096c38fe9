using ActorSockets.Transport;

namespace ActorSockets.Clients;

/// <summary>A payload on its way over a connection: the chunk that is offered to the kernel, and how much of all it took.</summary>
internal sealed class Transfer(Connection connection, ChunkSource chunks, SendRate rate)
{
    private Chunk? _chunk;
    private int _offset;

    public Connection Connection => connection;

    public ChunkSource Chunks => chunks;

    /// <summary>Bytes that the kernel has taken.</summary>
    public long Taken { get; private set; }

    /// <summary>Whether a chunk is offered and not taken whole.</summary>
    public bool IsOffering => _chunk is not null;

    /// <summary>Since when the kernel has taken nothing of what it is offered.</summary>
    public TimeSpan WaitingSince { get; private set; }

    /// <summary>When a chunk of this one's size was offered first.</summary>
    private TimeSpan OfferedAt { get; set; }

    /// <summary>How long to wait for the limit on the rate.</summary>
    public TimeSpan RateWait(TimeSpan now) => rate.Wait(now);

    /// <summary>Takes the next chunk to offer; false when none is ready.</summary>
    public bool TryNext(TimeSpan now)
    {
        if (_chunk is not null || chunks.TakeNext() is not { } next)
            return false;
        (_chunk, _offset) = (next, 0);
        (OfferedAt, WaitingSince) = (now, now);
        rate.Sending(next.Count, now);
        return true;
    }

    /// <summary>Offers the rest of the chunk.</summary>
    public ValueTask<int> OfferAsync() => connection.SendAsync(_chunk!.Bytes.AsMemory(_offset));

    /// <summary>The kernel took this many bytes of the chunk.</summary>
    /// <returns>Whether that was the last of it.</returns>
    public bool Took(int count, TimeSpan now)
    {
        Taken += count;
        _offset += count;
        WaitingSince = now;
        if (_offset < _chunk!.Count)
            return false;
        chunks.Taken(_chunk, now - OfferedAt);
        _chunk = null;
        return true;
    }
}
