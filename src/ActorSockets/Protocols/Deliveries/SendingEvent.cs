namespace ActorSockets.Protocols.Deliveries;

/// <summary>What the receiver said.</summary>
internal enum SendingEventKind
{
    /// <summary>Nothing more, until there is more input.</summary>
    None,

    /// <summary>Deliveries may begin; see <see cref="SendingEnd.Greeting"/>.</summary>
    Greeted,

    /// <summary>An answer about a delivery.</summary>
    Answered,

    /// <summary>The connection is of no more use: the receiver said so, or broke the protocol, or speaks another one.</summary>
    Failed,
}

/// <summary>What a <see cref="SendingEnd"/> found in its input.</summary>
/// <param name="Kind">Tells which of the others count.</param>
/// <param name="Delivery">The delivery that was answered.</param>
/// <param name="Answer">The answer.</param>
/// <param name="Text">The predicate of a sentence about the receiver, for <see cref="SendingEventKind.Failed"/>; what the receiver wrote is escaped in it.</param>
internal readonly record struct SendingEvent(SendingEventKind Kind, Outgoing? Delivery = null, Answer? Answer = null, string? Text = null);

/// <summary>A delivery at the sender, from its header to its last answer.</summary>
internal class Outgoing(DeliveryHeader header)
{
    public DeliveryHeader Header { get; } = header;

    /// <summary>Bytes of the payload before the next one to be sent.</summary>
    public long Position { get; set; }

    /// <summary>Whether it asked from where to begin, and has not heard.</summary>
    public bool IsWaiting { get; set; } = header.Asks;

    /// <summary>Whether its end went out.</summary>
    public bool HasEnded { get; set; }

    /// <summary>Its last answer; null: it has none yet.</summary>
    public Answer? Answer { get; set; }
}
