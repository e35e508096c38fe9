using System.Net;
using ActorSockets.Events;

namespace ActorSockets.Servers;

/// <summary>Whether a peer may connect.</summary>
/// <param name="Allow">Networks that may; empty: any.</param>
/// <param name="MaxConnections">Connections at a time.</param>
internal sealed record Admission(IReadOnlyList<IPNetwork> Allow, int MaxConnections)
{
    /// <summary>Why not, as the setting that says so; null: it may.</summary>
    public (RefusalKind Kind, string Reason)? Refuse(IPAddress peer, int open)
    {
        var address = peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer;
        if (Allow.Count > 0 && !Allow.Any(network => network.Contains(address)))
            return (RefusalKind.NotAllowed, "not in allow");
        return RefuseOneMore(open);
    }

    /// <summary>Why there is no room for one that is admitted otherwise; null: there is.</summary>
    public (RefusalKind Kind, string Reason)? RefuseOneMore(int open) =>
        open >= MaxConnections ? (RefusalKind.TooManyConnections, $"max-connections = {MaxConnections}") : null;
}
