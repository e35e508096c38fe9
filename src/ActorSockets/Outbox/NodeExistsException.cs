namespace ActorSockets.Outbox;

/// <summary>Another process says in the store that it is this node. The store is in order.</summary>
internal sealed class NodeExistsException(string node) : IOException($"another process is {node}: set cluster.host to an address at which the other nodes reach this one");
