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

    /// <summary>This node stops, and gives its targets to others.</summary>
    public sealed record NodeLeaving(string Node) : IClusterEvent;

    /// <summary>A node has left, or was taken out.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="Nodes">Nodes that are up now.</param>
    public sealed record NodeOut(string Node, int Nodes) : IClusterEvent;

    /// <summary>The nodes and what each runs; published when it changed. Counts are at most some seconds old.</summary>
    /// <param name="Nodes">In the order of their addresses; empty: this node has not joined yet.</param>
    public sealed record ClusterMeasured(IReadOnlyList<Node> Nodes);

    /// <summary>A node, as the one that publishes sees it.</summary>
    /// <param name="Name">The node.</param>
    /// <param name="IsSelf">Whether it is the one that publishes.</param>
    /// <param name="State">Where it is in its life.</param>
    /// <param name="Roles">What it does.</param>
    /// <param name="Targets">Targets whose senders run there; of a node that does not answer, the last count; null: not known yet.</param>
    public sealed record Node(string Name, bool IsSelf, NodeState State, IReadOnlyList<string> Roles, int? Targets);

    /// <summary>The life of a node: Akka's states of a member, and one for a member that is silent.</summary>
    public enum NodeState
    {
        /// <summary>It is let in.</summary>
        Joining,

        /// <summary>It is in, while another one is unreachable. It runs no senders yet.</summary>
        WeaklyUp,

        /// <summary>It is in.</summary>
        Up,

        /// <summary>It gives its targets to others.</summary>
        Leaving,

        /// <summary>It has given them, and ends.</summary>
        Exiting,

        /// <summary>The others take it out.</summary>
        Down,

        /// <summary>It is silent, whatever its state was.</summary>
        Unreachable,
    }
}
