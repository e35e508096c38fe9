using ActorSockets.Outbox;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Clients;

/// <summary>This process as a node of a cluster. <c>ActorSockets.Cluster</c> has it.</summary>
internal interface IClusterNode
{
    /// <summary>Creates the system that the node is, with what Akka needs for it below the user's configuration.</summary>
    /// <exception cref="ClusterPortException">It cannot listen there.</exception>
    ActorSystem CreateSystem(string name, Config config, ClusterSettings settings);

    /// <summary>Joins the cluster, and sends for the targets whose turn is here.</summary>
    /// <param name="system">Created by <see cref="CreateSystem"/>.</param>
    /// <param name="settings">What the system was created with.</param>
    /// <param name="outbox">The outbox, which all nodes share.</param>
    /// <param name="lines">The durable targets.</param>
    /// <param name="drainTimeout">How long a delivery that is under way may go on when its target moves to another node.</param>
    void Start(ActorSystem system, ClusterSettings settings, OutboxAccess outbox, ITargetLines lines, TimeSpan drainTimeout);

    /// <summary>Begins no delivery any more, and gives the targets to other nodes. Done when they may send for all of them.</summary>
    Task HandOverAsync(ActorSystem system);

    /// <summary>Done, with the reason for people, when this process cannot be a node any more, or cannot become one.</summary>
    Task<string> Removed { get; }
}

/// <summary>The durable targets of this process, by their names. Any thread may call.</summary>
internal interface ITargetLines
{
    /// <summary>The line of a target; null: there is no such target.</summary>
    Props? Find(string target);

    /// <summary>Of where the payloads of each target go: the same on two nodes when their files agree in that.</summary>
    string Digest { get; }
}
