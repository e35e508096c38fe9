namespace ActorSockets.Protocols;

/// <summary>What the bytes on a connection mean.</summary>
public enum Protocol
{
    /// <summary>A connection is a payload.</summary>
    Raw,

    /// <summary>Named payloads, any number on a connection, each answered: <c>docs/deliveries-protocol.md</c>.</summary>
    Deliveries,
}
