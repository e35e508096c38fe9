namespace ActorSockets.Outbox;

/// <summary>A node of a cluster, as the others find it in the store that they share.</summary>
/// <param name="Name">Its <c>host:port</c>.</param>
/// <param name="Settings">Settings that all nodes need the same of, as text for people.</param>
/// <param name="Targets">A digest of the targets that it may be told to send for.</param>
internal sealed record ClusterPeer(string Name, string Settings, string Targets);
