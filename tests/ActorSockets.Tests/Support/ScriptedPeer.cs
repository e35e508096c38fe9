using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Tests.Support;

/// <summary>A bad partner: listens, and does to each connection what a spec says. What it leaves open stays open.</summary>
internal sealed class ScriptedPeer : IDisposable
{
    private readonly Socket _listener;
    private readonly ConcurrentBag<Socket> _sockets = [];
    private int _accepted;

    /// <param name="script">For every connection.</param>
    /// <param name="receiveBufferSize">Of its sockets, in bytes; null: as the kernel likes.</param>
    public ScriptedPeer(Func<Socket, Task> script, int? receiveBufferSize = null) : this((socket, _) => script(socket), receiveBufferSize)
    {
    }

    /// <param name="script">For the connection with that number, from 1.</param>
    /// <param name="receiveBufferSize">Of its sockets, in bytes; null: as the kernel likes.</param>
    public ScriptedPeer(Func<Socket, int, Task> script, int? receiveBufferSize = null) : this(Listen(receiveBufferSize), script)
    {
    }

    /// <param name="listener">What listens already, and is closed with the peer.</param>
    /// <param name="script">For the connection with that number, from 1.</param>
    public ScriptedPeer(Socket listener, Func<Socket, int, Task> script)
    {
        _listener = listener;
        _ = AcceptAsync(script);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public static async Task<long> ReadToEndAsync(Socket socket)
    {
        var (buffer, total) = (new byte[64 * 1024], 0L);
        for (int count; (count = await socket.ReceiveAsync(buffer)) > 0;)
            total += count;
        return total;
    }

    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }

    /// <param name="receiveBufferSize">Of its sockets, in bytes; null: as the kernel likes.</param>
    /// <param name="backlog">Connections that wait to be accepted, and one more; further SYNs are dropped.</param>
    public static Socket Listen(int? receiveBufferSize = null, int backlog = int.MaxValue)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (receiveBufferSize is { } size)
            listener.ReceiveBufferSize = size;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(backlog);
        return listener;
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private async Task AcceptAsync(Func<Socket, int, Task> script)
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                _sockets.Add(socket);
                _ = PlayAsync(script(socket, ++_accepted), socket);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The spec is over.
        }
    }

    private static async Task PlayAsync(Task script, Socket socket)
    {
        try
        {
            await script;
            socket.Close();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other side had enough of it.
        }
    }
}
