using ActorSockets.Events;

namespace ActorSockets.Servers;

/// <summary>Clients that were refused and not reported yet, by reason.</summary>
internal sealed class Refusals
{
    private readonly Dictionary<(RefusalKind Kind, string Reason), (int Count, string LastPeer)> _refused = [];

    public bool IsEmpty => _refused.Count == 0;

    public void Add((RefusalKind Kind, string Reason) why, string peer) => _refused[why] = (_refused.GetValueOrDefault(why).Count + 1, peer);

    /// <summary>The report, an event for each reason; the count starts again.</summary>
    public IReadOnlyList<ServerEvents.Refused> Take(string server)
    {
        ServerEvents.Refused[] taken = [.. _refused.Select(r => new ServerEvents.Refused(server, r.Key.Kind, r.Key.Reason, r.Value.Count, r.Value.LastPeer))];
        _refused.Clear();
        return taken;
    }
}
