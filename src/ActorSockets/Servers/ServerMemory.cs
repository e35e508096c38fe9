using System.Net;

namespace ActorSockets.Servers;

/// <summary>What outlives a server that crashed. Made by the supervisor and used by the server alone.</summary>
internal sealed class ServerMemory
{
    /// <summary>Where it has listened; null when it never did.</summary>
    public IPEndPoint? Endpoint { get; set; }
}
