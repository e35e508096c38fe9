using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>A thread and a loop: as fast as .NET sockets go.</summary>
internal static class BlockingSockets
{
    public static Task SendAsync(string payload, int bufferBytes, int port)
    {
        using var bytes = new Bytes(payload, bufferBytes);
        using var socket = Bytes.NewSocket();
        socket.Connect(IPAddress.Loopback, port);
        while (bytes.Next() is { IsEmpty: false } next)
            socket.Send(next.Span);
        socket.Shutdown(SocketShutdown.Send);
        socket.Receive(new byte[1]);
        return Task.CompletedTask;
    }

    public static Task ReceiveAsync(int bufferBytes)
    {
        using var listener = Bytes.Listen();
        while (true)
        {
            using var socket = listener.Accept();
            var buffer = new byte[bufferBytes];
            while (socket.Receive(buffer) > 0)
            {
                // Forgotten.
            }
        }
    }
}
