using ActorSockets.Outbox;

namespace ActorSockets.Servers.Arrivals;

/// <summary>Where the deliveries of a server go, and what it knows of earlier ones.</summary>
internal interface IArrivals
{
    /// <summary>Begins a delivery, once no other connection has it. Exactly one of the three methods that end an arrival is called for each.</summary>
    /// <param name="request">What the sender says of it.</param>
    /// <param name="owner">The connection.</param>
    /// <param name="evict">Called when another connection brings the same delivery: this one is to end the arrival.</param>
    /// <exception cref="IOException">The disk or the ledger failed; the delivery has not begun.</exception>
    Task<Opening> OpenAsync(ArrivalRequest request, object owner, Action evict);

    /// <summary>Throws away what came of a delivery that its sender will not finish.</summary>
    /// <exception cref="IOException">The disk or the ledger failed.</exception>
    Task CancelAsync(DeliveryKey key, object owner);

    /// <summary>Forgets what the settings no longer keep.</summary>
    /// <param name="now">UTC.</param>
    /// <returns>The partial deliveries that were thrown away, as paths.</returns>
    /// <exception cref="IOException">The disk or the ledger failed.</exception>
    Task<IReadOnlyList<string>> CleanAsync(DateTime now);
}

/// <summary>What a sender says of a delivery.</summary>
/// <param name="Key">Whose it is, and its id.</param>
/// <param name="Length">Bytes of the whole payload; null: not known yet.</param>
/// <param name="Digest">Of the whole payload, as <c>ALGORITHM:HEX</c>; null: not known yet.</param>
/// <param name="Name">A file name; null: it has none.</param>
/// <param name="Asks">Whether the sender goes on from where the receiver says; otherwise it begins at byte 0.</param>
internal sealed record ArrivalRequest(DeliveryKey Key, long? Length, string? Digest, string? Name, bool Asks)
{
    /// <summary>The sender's address.</summary>
    public string Peer { get; init; } = "";

    /// <summary>The connection is of no more use: nobody hears an answer.</summary>
    public CancellationToken Gone { get; init; }
}

/// <summary>How a delivery begins.</summary>
internal abstract record Opening
{
    private Opening()
    {
    }

    /// <summary>Its bytes are to come.</summary>
    public sealed record Begun(IArrival Arrival) : Opening;

    /// <summary>It is stored already.</summary>
    public sealed record Known(long Length, string Digest, string? StoredAs) : Opening;

    /// <summary>It can never be stored: one of the protocol's codes, and a sentence.</summary>
    public sealed record Refused(string Code, string Text) : Opening;
}

/// <summary>A delivery that is arriving. One call at a time, except where it says so.</summary>
internal interface IArrival
{
    /// <summary>The first byte that is to come.</summary>
    long Offset { get; }

    /// <summary>Takes the next bytes; their memory is the caller's again when the task is done.</summary>
    /// <exception cref="IOException">They could not be stored.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Reads what was there before <see cref="Offset"/>, or was written since. May overlap with a write.</summary>
    /// <exception cref="IOException">It could not be read.</exception>
    Task<int> ReadAsync(Memory<byte> to, long position);

    /// <summary>Ends it: all bytes have come. Done when it is stored for good, and remembered.</summary>
    /// <exception cref="DuplicateDeliveryException">It can never be stored under its id.</exception>
    /// <exception cref="NameTakenException">It can never be stored under its name.</exception>
    /// <exception cref="IOException">It is not stored. What came is kept if possible.</exception>
    Task<Stored> StoreAsync(long length, string digest);

    /// <summary>Ends it: no more comes on this connection. What came is kept for another one where possible.</summary>
    /// <returns>Bytes that are kept.</returns>
    Task<long> KeepAsync();

    /// <summary>Ends it: what came is thrown away.</summary>
    Task DropAsync();
}

/// <summary>A delivery is stored.</summary>
/// <param name="As">The name under which people find it; null: it has none.</param>
/// <param name="WasKnown">Whether it was stored before.</param>
internal readonly record struct Stored(string? As, bool WasKnown = false);
