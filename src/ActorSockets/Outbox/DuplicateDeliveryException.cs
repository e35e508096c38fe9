namespace ActorSockets.Outbox;

/// <summary>The target has a delivery of that id already. The store is in order.</summary>
internal sealed class DuplicateDeliveryException(string message, bool isSamePayload) : IOException(message)
{
    /// <summary>Whether the payloads of the two are the same.</summary>
    public bool IsSamePayload => isSamePayload;
}
