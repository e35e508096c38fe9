namespace ActorSockets.Outbox;

/// <summary>The target has a delivery of that id already. The store is in order.</summary>
internal sealed class DuplicateDeliveryException(string message) : IOException(message);
