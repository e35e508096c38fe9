using ActorSockets.Outbox;

namespace ActorSockets.Cluster;

/// <summary>
/// Notices that the nodes of one database are two clusters, which Akka cannot: a node that was cut off, and lost the others one after another, takes
/// itself for the larger part each time, and goes on alone. The smaller cluster has to end.
/// </summary>
internal sealed class SplitWatch
{
    /// <summary>Looks, one each second, until two clusters are believed: a node that has died is in the table for 10 s.</summary>
    public const int Patience = 12;

    private int _looks;

    /// <param name="self">This node.</param>
    /// <param name="others">The other nodes that say that they are in a cluster.</param>
    /// <param name="isMate">Whether one of them is in this node's.</param>
    /// <returns>The nodes of another cluster that is to stay; empty: there is none, or it is the one that ends.</returns>
    public IReadOnlyList<string> Look(string self, IEnumerable<ClusterPeer> others, Func<string, bool> isMate)
    {
        var (mates, strangers) = (new List<string> { self }, new List<string>());
        foreach (var other in others)
            (isMate(other.Name) ? mates : strangers).Add(other.Name);
        _looks = strangers.Count > 0 ? _looks + 1 : 0;
        if (_looks < Patience || strangers.Count < mates.Count)
            return [];
        // Of two that are as large, the one with the lowest name stays.
        return strangers.Count > mates.Count || string.CompareOrdinal(strangers.Min(StringComparer.Ordinal), mates.Min(StringComparer.Ordinal)) < 0 ? strangers : [];
    }
}
