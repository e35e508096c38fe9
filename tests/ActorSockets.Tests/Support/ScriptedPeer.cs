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
    /// <param name="tls">Whether it speaks TLS.</param>
    public ScriptedPeer(Func<PeerConnection, Task> script, int? receiveBufferSize = null, bool tls = false) : this((peer, _) => script(peer), receiveBufferSize, tls)
    {
    }

    /// <param name="script">For the connection with that number, from 1.</param>
    /// <param name="receiveBufferSize">Of its sockets, in bytes; null: as the kernel likes.</param>
    /// <param name="tls">Whether it speaks TLS.</param>
    public ScriptedPeer(Func<PeerConnection, int, Task> script, int? receiveBufferSize = null, bool tls = false) : this(Listen(receiveBufferSize), script, tls)
    {
    }

    /// <param name="listener">What listens already, and is closed with the peer.</param>
    /// <param name="script">For the connection with that number, from 1.</param>
    /// <param name="tls">Whether it speaks TLS.</param>
    public ScriptedPeer(Socket listener, Func<PeerConnection, int, Task> script, bool tls = false)
    {
        _listener = listener;
        _ = AcceptAsync(script, tls);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public static async Task<long> ReadToEndAsync(PeerConnection peer)
    {
        var (buffer, total) = (new byte[64 * 1024], 0L);
        for (int count; (count = await peer.ReceiveAsync(buffer)) > 0;)
            total += count;
        return total;
    }

    public static async Task<long> ReadToEndAsync(Socket socket) => await ReadToEndAsync(await PeerConnection.AcceptAsync(socket, tls: false));

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

    private async Task AcceptAsync(Func<PeerConnection, int, Task> script, bool tls)
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                _sockets.Add(socket);
                _ = PlayAsync(socket, script, ++_accepted, tls);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The spec is over.
        }
    }

    private static async Task PlayAsync(Socket socket, Func<PeerConnection, int, Task> script, int number, bool tls)
    {
        try
        {
            var peer = await PeerConnection.AcceptAsync(socket, tls);
            await script(peer, number);
            await peer.CloseAsync();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other side had enough of it.
        }
    }
}
