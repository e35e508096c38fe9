namespace ActorSockets.Outbox;

/// <summary>Names a delivery: ids of one sender never meet those of another.</summary>
/// <param name="Sender">The identity that the sender's certificate proves; empty without one.</param>
/// <param name="Id">The id that the sender gave it.</param>
internal readonly record struct DeliveryKey(string Sender, string Id);

/// <summary>How far a delivery has come.</summary>
internal enum LedgerState
{
    /// <summary>A part of its bytes is here.</summary>
    Partial,

    /// <summary>All of its bytes are here and flushed, and the rename to <see cref="LedgerEntry.StoredAs"/> is under way or done.</summary>
    Storing,

    /// <summary>It is stored, for good.</summary>
    Received,
}

/// <summary>What a receiver knows of one delivery.</summary>
internal sealed record LedgerEntry
{
    public required DeliveryKey Key { get; init; }

    public required LedgerState State { get; init; }

    /// <summary>Bytes of the whole payload; null when the sender does not know it yet.</summary>
    public long? Length { get; init; }

    /// <summary>Digest of the whole payload, as <c>ALGORITHM:HEX</c>; null when nobody knows it yet.</summary>
    public string? Digest { get; init; }

    /// <summary>The partial file; null when the delivery has none.</summary>
    public string? PartialFile { get; init; }

    /// <summary>Bytes from the beginning that are flushed to the disk.</summary>
    public long Offset { get; init; }

    /// <summary>The name of the final file, once it is decided; null before, and for sinks without files. Of a relay: the id of its deliveries, if that is another one.</summary>
    public string? StoredAs { get; init; }

    /// <summary>When the entry was written, in UTC.</summary>
    public required DateTime At { get; init; }
}
