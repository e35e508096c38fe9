using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Host.Tests.Support;

/// <summary>
/// The network between the nodes of a cluster: each is reached through a port of its own here. A node that is cut off hears nothing of the
/// others and they nothing of it, and no connection breaks, as when a cable is pulled; what was sent meanwhile arrives when it is back.
/// </summary>
internal sealed class NodeLinks : IAsyncDisposable
{
    private const string Tables = "/proc/net/tcp";

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly Socket[] _listeners;
    private readonly int[] _bound;
    private readonly Func<int, int?> _processOf;
    private readonly CancellationTokenSource _stopped = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task[] _accepting;
    private volatile int _cutOff = -1;

    /// <param name="nodes">How many there are.</param>
    /// <param name="processOf">The process of a node, by which its connections are known; null: it does not run.</param>
    public NodeLinks(int nodes, Func<int, int?> processOf)
    {
        _processOf = processOf;
        _bound = [.. Enumerable.Range(0, nodes).Select(_ => FreePort.Next())];
        _listeners = [.. Enumerable.Range(0, nodes).Select(_ => Listen())];
        _accepting = [.. Enumerable.Range(0, nodes).Select(AcceptAsync)];
    }

    /// <summary>Where the others reach a node.</summary>
    public int PortOf(int node) => ((IPEndPoint)_listeners[node].LocalEndPoint!).Port;

    /// <summary>Where it listens.</summary>
    public int BoundPortOf(int node) => _bound[node];

    public void CutOff(int node) => _cutOff = node;

    public void Heal() => _cutOff = -1;

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        foreach (var listener in _listeners)
            listener.Dispose();
        await Task.WhenAll(_accepting);
        await Task.WhenAll(_connections);
        _stopped.Dispose();
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private async Task AcceptAsync(int to)
    {
        try
        {
            while (true)
                _connections.Add(ForwardAsync(await _listeners[to].AcceptAsync(_stopped.Token), to));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task ForwardAsync(Socket client, int to)
    {
        using var _ = client;
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            var from = NodeAt(((IPEndPoint)client.RemoteEndPoint!).Port);
            await WhileCutOffAsync(from, to);
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _bound[to]), _stopped.Token);
            await Task.WhenAny(PumpAsync(client, server, from, to), PumpAsync(server, client, from, to)).Unwrap();
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // A side is gone, and takes the other one along.
        }
    }

    private async Task PumpAsync(Socket from, Socket to, int one, int other)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = await from.ReceiveAsync(buffer, _stopped.Token)) > 0;)
        {
            await WhileCutOffAsync(one, other);
            await to.SendAsync(buffer.AsMemory(0, count), _stopped.Token);
        }
    }

    private async Task WhileCutOffAsync(int one, int other)
    {
        while (_cutOff is var node && node >= 0 && one != other && (node == one || node == other))
            await Task.Delay(LookInterval, _stopped.Token);
    }

    /// <summary>The node that has a connection from this port; -1: it is gone already.</summary>
    private int NodeAt(int port)
    {
        var local = string.Create(CultureInfo.InvariantCulture, $"0100007F:{port:X4}");
        var socket = File.ReadLines(Tables).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(fields => fields[1] == local)?[9];
        return Enumerable.Range(0, _bound.Length).FirstOrDefault(node => _processOf(node) is { } process && Has(process, $"socket:[{socket}]"), -1);
    }

    private static bool Has(int process, string handle)
    {
        try
        {
            return new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Any(file => file.LinkTarget == handle);
        }
        catch (IOException)
        {
            // It, or one of its handles, is gone.
            return false;
        }
    }
}
