using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Tests.Support;

/// <summary>Both ends of one connection over loopback.</summary>
internal sealed class SocketPair : IDisposable
{
    public SocketPair()
    {
        using var listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Client = NewSocket();
        Client.Connect(listener.LocalEndPoint!);
        Accepted = listener.Accept();
    }

    public Socket Client { get; }

    public Socket Accepted { get; }

    public void Dispose()
    {
        Client.Dispose();
        Accepted.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
