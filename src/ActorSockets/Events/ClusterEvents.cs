namespace ActorSockets.Events;

/// <summary>The events of a cluster, as this node sees it. A node is named by its <c>host:port</c>.</summary>
public static class ClusterEvents
{
    /// <summary>An event of the cluster.</summary>
    public interface IClusterEvent;

    /// <summary>A node has joined.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="Nodes">Nodes that are up now.</param>
    public sealed record NodeUp(string Node, int Nodes) : IClusterEvent;

    /// <summary>A node is silent. Its targets wait; when it stays silent, the others take them.</summary>
    public sealed record NodeUnreachable(string Node) : IClusterEvent;

    /// <summary>A node that was silent answers again.</summary>
    public sealed record NodeReachable(string Node) : IClusterEvent;

    /// <summary>A node has left, or was taken out.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="Nodes">Nodes that are up now.</param>
    public sealed record NodeOut(string Node, int Nodes) : IClusterEvent;
}
