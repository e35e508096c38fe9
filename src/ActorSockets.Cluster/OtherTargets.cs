using ActorSockets.Outbox;

namespace ActorSockets.Cluster;

/// <summary>Notices nodes that go on having other targets than this one: during a reload of all of them, they do for some seconds.</summary>
internal sealed class OtherTargets
{
    /// <summary>Looks, one each second, until such a node is named.</summary>
    public const int Patience = 30;

    private readonly Dictionary<string, (string Targets, int Looks)> _seen = new(StringComparer.Ordinal);

    /// <param name="own">The digest of this node's targets.</param>
    /// <param name="others">The other nodes.</param>
    /// <returns>Those to be named now: each once, and again when its targets or this node's have changed.</returns>
    public IReadOnlyList<string> Look(string own, IReadOnlyList<ClusterPeer> others)
    {
        var named = new List<string>();
        var differing = others.Where(other => other.Targets != own).ToArray();
        foreach (var gone in _seen.Keys.Except(differing.Select(other => other.Name)).ToArray())
            _seen.Remove(gone);
        foreach (var other in differing)
        {
            var both = own + other.Targets;
            var looks = _seen.TryGetValue(other.Name, out var seen) && seen.Targets == both ? seen.Looks + 1 : 1;
            _seen[other.Name] = (both, looks);
            if (looks == Patience)
                named.Add(other.Name);
        }

        return named;
    }
}
