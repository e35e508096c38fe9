using ActorSockets.Outbox;

namespace ActorSockets.Servers.Sinks;

/// <summary>What a sink knows of the connection, or the delivery, that it serves.</summary>
public sealed class SinkContext
{
    internal SinkContext(
        ServerSettings server, string peer, Func<string, ValueTask> print, FileStore store, DeliveryInfo? delivery = null, OutboxAccess? outbox = null) =>
        (Server, Peer, Print, Store, Delivery, Outbox) = (server, peer, print, store, delivery, outbox ?? new OutboxAccess(null));

    /// <summary>The server's settings.</summary>
    public ServerSettings Server { get; }

    /// <summary>The peer's endpoint.</summary>
    public string Peer { get; }

    /// <summary>Writes one or more lines to where the program's data goes; done when they are written.</summary>
    public Func<string, ValueTask> Print { get; }

    /// <summary>What the sender says of the delivery that the sink is for; null with <c>protocol = raw</c>, which says nothing.</summary>
    public DeliveryInfo? Delivery { get; }

    /// <summary>The server's disk: one store for all connections of a server.</summary>
    internal FileStore Store { get; }

    /// <summary>The outbox of the system.</summary>
    internal OutboxAccess Outbox { get; }
}

/// <summary>What the sender of a delivery says of it.</summary>
/// <param name="Id">1 to 128 of the characters A-Z a-z 0-9 . _ : -</param>
/// <param name="Name">A file name without slashes and control characters; null: it has none.</param>
/// <param name="Length">Bytes of the whole payload; null: not known yet.</param>
public sealed record DeliveryInfo(string Id, string? Name, long? Length);
