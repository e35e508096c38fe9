using System.Net;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers;

/// <summary>What outlives a server that crashed. Made by the supervisor and used by the server alone.</summary>
internal sealed class ServerMemory(ServerSettings server)
{
    /// <summary>Its disk; what hangs there goes on hanging.</summary>
    public FileStore Store { get; } = new(server);


    /// <summary>Where it has listened; null when it never did.</summary>
    public IPEndPoint? Endpoint { get; set; }
}
