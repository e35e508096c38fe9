namespace ActorSockets.Outbox;

/// <summary>A ledger that cannot be read or written. The message names the file, the system's reason, and what to do.</summary>
internal sealed class LedgerException(string message, bool isFull = false, Exception? cause = null, bool isUnknown = false) : IOException(message, cause)
{
    /// <summary>Whether the disk has no room: the same call may succeed later.</summary>
    public bool IsFull { get; } = isFull;

    /// <summary>Whether the change may be there all the same, which the next start finds out.</summary>
    public bool IsUnknown { get; } = isUnknown;
}
