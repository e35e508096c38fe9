using Akka.Cluster.Sharding;

namespace ActorSockets.Cluster;

/// <summary>A target is an entity, named as the target, in one of <see cref="Shards"/> shards by a hash of its name that is the same on all nodes.</summary>
internal sealed class TargetExtractor() : HashCodeMessageExtractor(Shards)
{
    // What moves together between nodes: ten for each of ten nodes. All nodes must have the same number.
    private const int Shards = 100;

    public override string? EntityId(object message) => (message as ClusterMessages.Wake)?.Target;
}
