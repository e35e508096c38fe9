using ActorSockets.Events;

namespace ActorSockets.Servers;

/// <summary>Clients that were refused and not reported yet, by reason.</summary>
internal sealed class Refusals
{
    private readonly Dictionary<string, (int Count, string LastPeer)> _refused = new(StringComparer.Ordinal);

    public bool IsEmpty => _refused.Count == 0;

    public void Add(string reason, string peer) => _refused[reason] = (_refused.GetValueOrDefault(reason).Count + 1, peer);

    /// <summary>The report, an event for each reason; the count starts again.</summary>
    public IReadOnlyList<ServerEvents.Refused> Take(string server)
    {
        ServerEvents.Refused[] taken = [.. _refused.Select(r => new ServerEvents.Refused(server, r.Key, r.Value.Count, r.Value.LastPeer))];
        _refused.Clear();
        return taken;
    }
}
