namespace ActorSockets.Events;

/// <summary>What a delivery waits for, and so what its outcome proves.</summary>
public enum Confirm
{
    /// <summary>The kernel took the last byte. Proves nothing about the peer; the outcome is <see cref="Deliveries.Sent"/>.</summary>
    None,

    /// <summary>The peer closed its side after our FIN, without a reset. The outcome is <see cref="Deliveries.Sent"/>: the peer may be a proxy.</summary>
    Close,

    /// <summary>The peer sent a matching <see cref="Protocols.Raw.Receipt"/>: it stored exactly these bytes. The outcome is <see cref="Deliveries.Delivered"/>.</summary>
    Receipt,
}
