namespace ActorSockets.Protocols.Deliveries;

/// <summary>What came.</summary>
internal enum ReceivingEventKind
{
    /// <summary>Nothing more, until there is more input, an answer, or room for answers (<see cref="ReceivingEnd.IsPaused"/>).</summary>
    None,

    /// <summary>A delivery begins. One that asks is to be answered <see cref="AnswerVerb.From"/>, or with its last answer.</summary>
    Begun,

    /// <summary>The next bytes of its body.</summary>
    Bytes,

    /// <summary>All of it has come, as long as it said; it is to be given its last answer.</summary>
    Ended,

    /// <summary>The sender breaks it off, and is answered already: what came is kept for another attempt.</summary>
    Aborted,

    /// <summary>It cannot be taken, and the sender is answered already (see <see cref="Incoming.Answer"/>): what came of it is thrown away.</summary>
    Refused,

    /// <summary>The sender will not deliver the rest of that id: what came of it, if anything, is thrown away.</summary>
    Cancelled,

    /// <summary>The sender breaks the protocol, as a sentence: it is told so, and the connection is over once that is sent.</summary>
    Failed,
}

/// <summary>What a <see cref="ReceivingEnd"/> found in its input.</summary>
/// <param name="Kind">Tells which of the others count.</param>
/// <param name="Delivery">The delivery that it is about.</param>
/// <param name="Bytes">A slice of the input.</param>
/// <param name="Digest">Of <see cref="ReceivingEventKind.Ended"/>: what the sender says, at its end or before; null: nothing.</param>
/// <param name="Text">The id of <see cref="ReceivingEventKind.Cancelled"/>, the sentence of <see cref="ReceivingEventKind.Failed"/>.</param>
internal readonly record struct ReceivingEvent(
    ReceivingEventKind Kind, Incoming? Delivery = null, ReadOnlyMemory<byte> Bytes = default, Digest? Digest = null, string? Text = null);

/// <summary>A delivery at the receiver, from its header to its last answer.</summary>
internal sealed class Incoming(DeliveryHeader header, DigestAlgorithm algorithm)
{
    public DeliveryHeader Header { get; } = header;

    /// <summary>What its payload is to be hashed with.</summary>
    public DigestAlgorithm Algorithm { get; } = algorithm;

    /// <summary>Bytes of the payload before the next one that comes: the offset it went on from, and what came since.</summary>
    public long Position { get; set; }

    /// <summary>Its last answer; null: it has none yet.</summary>
    public Answer? Answer { get; set; }

    /// <summary>Bytes that came after it was refused.</summary>
    public long Discarded { get; set; }
}
