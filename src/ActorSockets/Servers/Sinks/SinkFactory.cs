namespace ActorSockets.Servers.Sinks;

/// <summary>What a sink may know of the connection that it serves.</summary>
/// <param name="Server">The server's settings.</param>
/// <param name="Peer">The peer's endpoint.</param>
/// <param name="Print">Writes one or more lines where the program's data goes; done when they are written.</param>
/// <param name="Store">The server's disk: one store for all connections of a server.</param>
/// <param name="Delivery">What the sender says of a delivery; null: the protocol is raw, which says nothing.</param>
internal sealed record SinkContext(ServerSettings Server, string Peer, Func<string, ValueTask> Print, FileStore Store, DeliveryInfo? Delivery = null);

/// <summary>What the sender of a delivery says of it.</summary>
/// <param name="Id">Of 1 to 128 of the characters A-Z a-z 0-9 . _ : -.</param>
/// <param name="Name">A file name without control characters; null: it has none.</param>
/// <param name="Length">Bytes of the whole payload; null: not known yet.</param>
internal sealed record DeliveryInfo(string Id, string? Name, long? Length);

/// <summary>The sinks that a configuration can name. A new one is a file beside this, a line here and one in the tests.</summary>
internal static class SinkFactory
{
    private static readonly Dictionary<string, Func<SinkContext, ISink>> Kinds = new()
    {
        ["console"] = context => new ConsoleSink(context),
        ["discard"] = _ => new DiscardSink(),
        ["echo"] = _ => new EchoSink(),
        ["file"] = context => new FileSink(context),
    };

    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Keys];

    public static ISink Create(SinkContext context) => Kinds[context.Server.Sink](context);
}
