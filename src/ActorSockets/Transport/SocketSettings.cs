using System.Net.Sockets;

namespace ActorSockets.Transport;

/// <summary>What every socket of ours is given before it binds or connects, so that there is no moment without it.</summary>
/// <param name="KeepAlive">Silence after which the kernel asks whether the peer is still there; zero: never.</param>
internal sealed record SocketSettings(TimeSpan KeepAlive)
{
    private const int KeepAliveProbes = 6;

    /// <summary>
    /// SO_LINGER (on, 0): whatever ends a connection before its time, a SIGKILL of this process included, is a reset to the
    /// peer. Without it the kernel sends a FIN for a dead process, and the peer takes what it got for everything. Accepted
    /// sockets inherit all of it from their listener.
    /// </summary>
    public void Apply(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.NoDelay = true;
        if (KeepAlive <= TimeSpan.Zero)
            return;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, Seconds(KeepAlive));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Seconds(KeepAlive / KeepAliveProbes));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
    }

    private static int Seconds(TimeSpan time) => Math.Clamp((int)time.TotalSeconds, 1, 32767);
}
