namespace ActorSockets.Servers.Sinks;

/// <summary>Makes the sink of a connection, or of a delivery.</summary>
internal delegate ISink SinkSource(ServerSettings server, string peer, FileStore store, DeliveryInfo? delivery);
