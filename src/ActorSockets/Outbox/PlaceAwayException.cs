namespace ActorSockets.Outbox;

/// <summary>The place of a stored payload cannot be read now: a directory that is not mounted, for example. The payload may be in order.</summary>
internal sealed class PlaceAwayException(string message, Exception cause) : IOException(message, cause);
