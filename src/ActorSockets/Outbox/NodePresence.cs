namespace ActorSockets.Outbox;

/// <summary>What a node of a cluster does, as the others learn from the store that they share.</summary>
internal enum NodePresence
{
    /// <summary>It has just started, and looks for the cluster.</summary>
    Looking,

    /// <summary>It has looked for so long that a node of the cluster, if there is one, would have been seen.</summary>
    LookingLong,

    /// <summary>It is in the cluster.</summary>
    Member,

    /// <summary>It leaves the cluster.</summary>
    Leaving,
}
