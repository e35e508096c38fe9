namespace ActorSockets.Events;

/// <summary>Why a client was reset at once, for programs; the reason beside it is for people.</summary>
public enum RefusalKind
{
    /// <summary>Its address is in none of the networks of <c>allow</c>.</summary>
    NotAllowed,

    /// <summary><c>max-connections</c> were open.</summary>
    TooManyConnections,

    /// <summary>The process has hardly any file handles left.</summary>
    OutOfHandles,

    /// <summary>The client had reset the connection before it was accepted.</summary>
    ResetByClient,

    /// <summary>The server drains.</summary>
    ShuttingDown,

    /// <summary>The TLS handshake failed: the client speaks no TLS, or one side did not accept the other's certificate.</summary>
    Tls,
}
