namespace ActorSockets.Events;

/// <summary>Why an attempt or a delivery failed, for programs; the reason beside it is text for people.</summary>
public enum FailureKind
{
    /// <summary>The target's name does not resolve.</summary>
    UnknownHost,

    /// <summary>The target refused the connection.</summary>
    Refused,

    /// <summary>No route to the target, or no answer to the connect.</summary>
    Unreachable,

    /// <summary>The TLS handshake failed: the target speaks no TLS, or one side did not accept the other's certificate.</summary>
    Tls,

    /// <summary>The connection broke before all was confirmed.</summary>
    ConnectionLost,

    /// <summary>The receipt does not match what was sent.</summary>
    ReceiptMismatch,

    /// <summary>The target does not speak the deliveries protocol, or breaks it.</summary>
    Protocol,

    /// <summary>The target refused the delivery for now (<c>later</c>).</summary>
    RefusedForNow,

    /// <summary>The target refused the delivery for good (<c>never</c>).</summary>
    RefusedForGood,

    /// <summary>The target was busy, and <c>on-busy = fail</c>.</summary>
    Busy,

    /// <summary>The payload cannot be read, or changed while it was being sent.</summary>
    Payload,

    /// <summary>The process has hardly any file handles left.</summary>
    OutOfHandles,

    /// <summary>No progress for <c>give-up-after</c>.</summary>
    NoProgress,

    /// <summary><c>max-attempts</c> were made.</summary>
    TooManyAttempts,

    /// <summary>The delivery was cancelled.</summary>
    Cancelled,

    /// <summary>The program or the actor system ended.</summary>
    Shutdown,

    /// <summary>An actor of this library crashed.</summary>
    Internal,
}
