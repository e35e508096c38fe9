namespace ActorSockets.Servers.Sinks;

/// <summary>What a sink knows of the connection that it serves.</summary>
public sealed class SinkContext
{
    internal SinkContext(ServerSettings server, string peer, Func<string, ValueTask> print, FileStore store) =>
        (Server, Peer, Print, Store) = (server, peer, print, store);

    /// <summary>The server's settings.</summary>
    public ServerSettings Server { get; }

    /// <summary>The peer's endpoint.</summary>
    public string Peer { get; }

    /// <summary>Writes one or more lines to where the program's data goes; done when they are written.</summary>
    public Func<string, ValueTask> Print { get; }

    /// <summary>The server's disk: one store for all connections of a server.</summary>
    internal FileStore Store { get; }
}
