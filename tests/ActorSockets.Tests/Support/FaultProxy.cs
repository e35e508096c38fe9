using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Tests.Support;

/// <summary>What a <see cref="FaultProxy"/> does to one connection, counted in bytes from the sender; behind the payload's
/// end, in bytes of the answer.</summary>
public enum Fault
{
    /// <summary>Forwards.</summary>
    None,

    /// <summary>Resets both sides at byte k.</summary>
    Reset,

    /// <summary>Closes both sides at byte k as if all were well.</summary>
    Close,

    /// <summary>Waits a little at byte k.</summary>
    Delay,

    /// <summary>Forwards the bytes around k one by one.</summary>
    Slice,

    /// <summary>Forwards nothing more from the sender after byte k, until it is released.</summary>
    Stall,
}

/// <summary>Stands between a sender and a server, and treats each connection as the next script says.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint _server;
    private readonly CancellationTokenSource _stopped = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private readonly SemaphoreSlim _stalled = new(0);
    private readonly SemaphoreSlim _released = new(0);
    private readonly bool _bothWays;

    /// <param name="serverPort">Of a server on this machine.</param>
    /// <param name="bothWays">Whether both directions are forwarded at a time, as TLS needs; otherwise the answer comes behind the sender's FIN.</param>
    public FaultProxy(int serverPort, bool bothWays = false)
    {
        _bothWays = bothWays;
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>For the next connections, one each; then they are forwarded. Both ways, bytes are the sender's or the server's.</summary>
    public ConcurrentQueue<(Fault Fault, long At, bool OfServer)> Scripts { get; } = new();

    /// <summary>Waits until a connection is stalled.</summary>
    public Task StalledAsync() => _stalled.WaitAsync(_stopped.Token);

    /// <summary>Lets one that is stalled go on.</summary>
    public void Release() => _released.Release();

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stopped.Token);
                _connections.Add(ForwardAsync(client, Scripts.TryDequeue(out var script) ? script : default));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The spec is over.
        }
    }

    private async Task ForwardAsync(Socket client, (Fault Fault, long At, bool OfServer) script)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var _ = client;
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(_server, _stopped.Token);
            if (_bothWays)
            {
                await Task.WhenAll(PumpAsync(client, server, script.OfServer ? default : script), PumpAsync(server, client, script.OfServer ? script : default));
                return;
            }

            var forwarded = await PumpAsync(client, server, script, 0);
            if (forwarded is { } payload)
                await PumpAsync(server, client, script, payload);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side broke off: so does the other, below.
            Reset(client, server);
        }
    }

    /// <summary>One of two directions: when it breaks off, so does the other.</summary>
    private async Task PumpAsync(Socket from, Socket to, (Fault Fault, long At, bool OfServer) script)
    {
        try
        {
            await PumpAsync(from, to, script, 0);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            Reset(from, to);
        }
    }

    /// <summary>Forwards until the FIN, and that too; null when the script ended the connection.</summary>
    private async Task<long?> PumpAsync(Socket from, Socket to, (Fault Fault, long At, bool OfServer) script, long done)
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var before = script.Fault != Fault.None && done < script.At ? script.At - done : buffer.Length;
            var count = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, Math.Max(1, before))), _stopped.Token);
            if (script.Fault == Fault.Slice && Math.Abs(done - script.At) < 64)
            {
                for (var i = 0; i < count; i++)
                    await to.SendAsync(buffer.AsMemory(i, 1), _stopped.Token);
            }
            else
            {
                await to.SendAsync(buffer.AsMemory(0, count), _stopped.Token);
            }

            done += count;
            if (done == script.At && !await SurvivesAsync(script.Fault, from, to))
                return null;
            if (count > 0)
                continue;
            to.Shutdown(SocketShutdown.Send);
            return done;
        }
    }

    private async Task<bool> SurvivesAsync(Fault fault, Socket from, Socket to)
    {
        switch (fault)
        {
            case Fault.Reset:
                Reset(from, to);
                return false;
            case Fault.Close:
                from.Close();
                to.Close();
                return false;
            case Fault.Delay:
                await Task.Delay(20, _stopped.Token);
                return true;
            case Fault.Stall:
                _stalled.Release();
                await _released.WaitAsync(_stopped.Token);
                return true;
            default:
                return true;
        }
    }

    private static void Reset(params Socket[] sockets)
    {
        foreach (var socket in sockets)
        {
            try
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Close();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It is gone already.
            }
        }
    }
}
