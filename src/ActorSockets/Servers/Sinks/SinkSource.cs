namespace ActorSockets.Servers.Sinks;

/// <summary>Makes the sink of a connection.</summary>
internal delegate ISink SinkSource(ServerSettings server, string peer, FileStore store);
