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
    // A socket for both kinds of addresses is in the second one.
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly Socket[] _listeners;
    private readonly int[] _bound;
    private readonly Func<int, int?> _processOf;
    private readonly CancellationTokenSource _stopped = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly ConcurrentDictionary<Socket, int> _open = [];
    private readonly Task[] _accepting;
    private volatile Cut? _cut;

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

    /// <summary>Cuts a node off from another one, or from all of them.</summary>
    public void CutOff(int node, int? from = null) => _cut = new Cut(node, from);

    public void Heal() => _cut = null;

    /// <summary>Resets all connections; done when each node has been called by another one, or has called it, anew.</summary>
    public async Task BreakAsync(CancellationToken cancellation)
    {
        var before = _open.Keys.ToArray();
        foreach (var socket in before)
            socket.Close(0);
        while (_open.Where(open => !before.Contains(open.Key)).Select(open => open.Value).Distinct().Count() < _bound.Length)
            await Task.Delay(LookInterval, cancellation);
    }

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
            if (NodeAt(((IPEndPoint)client.RemoteEndPoint!).Port) is not { } from)
                return;
            await WhileCutOffAsync(from, to);
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _bound[to]), _stopped.Token);
            (_open[client], _open[server]) = (from, to);
            await Task.WhenAny(PumpAsync(client, server, from, to), PumpAsync(server, client, from, to)).Unwrap();
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // A side is gone, and takes the other one along.
        }
        finally
        {
            _open.TryRemove(client, out var _);
            _open.TryRemove(server, out var _);
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
        while (_cut?.IsBetween(one, other) == true)
            await Task.Delay(LookInterval, _stopped.Token);
    }

    /// <summary>The node that has a connection from this port; null: none has it any more.</summary>
    private int? NodeAt(int port)
    {
        var local = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        string[] handles = [.. Tables.SelectMany(table => File.ReadLines(table).Skip(1)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[1].EndsWith(local, StringComparison.Ordinal)).Select(fields => $"socket:[{fields[9]}]")];
        return Enumerable.Range(0, _bound.Length).Where(node => _processOf(node) is { } process && HasAny(process, handles)).Select(node => (int?)node).FirstOrDefault();
    }

    private static bool HasAny(int process, string[] handles)
    {
        try
        {
            return new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Any(file => handles.Contains(file.LinkTarget));
        }
        catch (IOException)
        {
            // It, or one of its handles, is gone.
            return false;
        }
    }

    private sealed record Cut(int Node, int? From)
    {
        public bool IsBetween(int one, int other) => one != other && (From is { } from ? (one, other) == (Node, from) || (one, other) == (from, Node) : one == Node || other == Node);
    }
}
