using System.Net;
using ActorSockets.Outbox;
using ActorSockets.Protocols;
using ActorSockets.Servers.Arrivals;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers;

/// <summary>What outlives a server that crashed. Made by the supervisor and used by the server alone.</summary>
internal sealed class ServerMemory(ServerSettings server)
{
    private Inboxes.Lease? _inbox;
    private SinkArrivals? _sinks;
    private Func<Task<IArrivals>>? _relay;

    /// <summary>Its disk; what hangs there goes on hanging.</summary>
    public FileStore Store { get; } = new(server);

    /// <summary>What it needs before it listens, whatever the protocol; null: nothing.</summary>
    public Task? Needs { get; private init; }

    /// <summary>Where it has listened; null when it never did.</summary>
    public IPEndPoint? Endpoint { get; set; }

    /// <summary>The memory of a server of any protocol.</summary>
    /// <param name="server">Its settings.</param>
    /// <param name="inboxes">Those of the system.</param>
    /// <param name="outbox">That of the system, for relays.</param>
    /// <param name="createSink">Makes the sinks of deliveries that go into no inbox.</param>
    public static ServerMemory Of(ServerSettings server, Inboxes inboxes, OutboxAccess outbox, SinkSource createSink)
    {
        if (server.Protocol == Protocol.Raw)
            return new ServerMemory(server) { Needs = server.Sink == "relay" ? outbox.Opened : null };
        if (server.Sink == "relay")
            return new ServerMemory(server) { _relay = async () => new RelayArrivals(server, outbox, new Relay(server, await outbox.Opened)) };
        if (server.Sink == "file")
            return new ServerMemory(server) { _inbox = inboxes.Of(server) };

        var store = new FileStore(server);
        return new ServerMemory(server)
        {
            _sinks = new SinkArrivals(request => createSink(server, request.Peer, store, new DeliveryInfo(request.Key.Id, request.Name, request.Length))),
        };
    }

    /// <summary>Where deliveries go; null: the server speaks the raw protocol.</summary>
    public Task<IArrivals>? OpenArrivals() => _inbox?.OpenAsync() ?? _relay?.Invoke() ?? (_sinks is null ? null : Task.FromResult<IArrivals>(_sinks));

    /// <summary>The server is over: other processes may have its inbox, once what it got is written down.</summary>
    public Task LetGoAsync() => _inbox?.ReleaseAsync() ?? Task.CompletedTask;
}
