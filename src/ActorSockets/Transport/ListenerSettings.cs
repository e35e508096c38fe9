namespace ActorSockets.Transport;

/// <summary>What to listen on, and how.</summary>
/// <param name="Host">IP address or name to bind; of a name the first address. <c>::</c> takes IPv4 too.</param>
/// <param name="Port">0 to 65535; 0 takes any free one.</param>
/// <param name="Backlog">Connections that the kernel completes ahead of us.</param>
/// <param name="BindTimeout">For name resolution and bind together.</param>
/// <param name="Sockets">What each accepted socket is given.</param>
internal sealed record ListenerSettings(string Host, int Port, int Backlog, TimeSpan BindTimeout, SocketSettings Sockets);
