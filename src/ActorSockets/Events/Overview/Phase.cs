namespace ActorSockets.Events.Overview;

/// <summary>The phase of a target: that of the delivery under way, or the outcome of the last one.</summary>
public enum Phase
{
    /// <summary>Nothing has been asked of it yet.</summary>
    Idle,

    /// <summary>Its first delivery has not begun.</summary>
    Waiting,

    /// <summary>An attempt has no connection yet.</summary>
    Connecting,

    /// <summary>Bytes move.</summary>
    Sending,

    /// <summary>The target takes no bytes.</summary>
    Blocked,

    /// <summary>An attempt failed, and the next one has not begun.</summary>
    BackingOff,

    /// <summary>Everything is sent, and the peer has not confirmed it.</summary>
    Confirming,

    /// <summary>See <see cref="Deliveries.Delivered"/>.</summary>
    Delivered,

    /// <summary>See <see cref="Deliveries.Sent"/>.</summary>
    Sent,

    /// <summary>See <see cref="Deliveries.Unconfirmed"/>.</summary>
    Unconfirmed,

    /// <summary>See <see cref="Deliveries.Failed"/>.</summary>
    Failed,

    /// <summary>See <see cref="Deliveries.Rejected"/>.</summary>
    Rejected,
}
