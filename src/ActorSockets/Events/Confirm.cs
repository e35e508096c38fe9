namespace ActorSockets.Events;

/// <summary>When a delivery counts as done.</summary>
public enum Confirm
{
    /// <summary>The kernel took the last byte. Proves nothing about the peer.</summary>
    None,

    /// <summary>After our FIN the peer closed its side without a reset: it read to the end.</summary>
    Close,

    /// <summary>The peer sent back the right <see cref="Receipt"/>: its sink has stored these very bytes.</summary>
    Receipt,
}
