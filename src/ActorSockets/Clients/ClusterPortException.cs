namespace ActorSockets.Clients;

/// <summary>This process cannot listen for the other nodes: the message says where, and the system's reason.</summary>
internal sealed class ClusterPortException(string message) : IOException(message);
