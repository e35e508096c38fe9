namespace ActorSockets.Outbox;

/// <summary>The outbox, or its disk, has no room: the same call may succeed later. The message names the limit.</summary>
internal sealed class OutboxFullException(string message, Exception? cause = null) : IOException(message, cause);
