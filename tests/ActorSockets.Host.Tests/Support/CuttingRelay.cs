using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Host.Tests.Support;

/// <summary>Forwards connections to a port in both directions, and resets some of them at a random byte.</summary>
internal sealed class CuttingRelay : IAsyncDisposable
{
    // What a relay holds of a connection, beside the kernel.
    private const int Buffer = 64 * 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _port;
    private readonly Func<long?> _nextCut;
    private readonly CancellationTokenSource _stopped = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private long _forwarded;
    private int _cuts;

    /// <param name="port">Where connections go.</param>
    /// <param name="nextCut">For each connection: after how many bytes of its client it is reset; null: never.</param>
    public CuttingRelay(int port, Func<long?> nextCut)
    {
        (_port, _nextCut) = (port, nextCut);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Bytes that clients sent.</summary>
    public long Forwarded => Interlocked.Read(ref _forwarded);

    /// <summary>Connections that were reset at their byte.</summary>
    public int Cuts => _cuts;

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
                _connections.Add(ForwardAsync(await _listener.AcceptAsync(_stopped.Token), _nextCut()));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task ForwardAsync(Socket client, long? cut)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var _ = client;
        try
        {
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _port), _stopped.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            Reset(client);
            return;
        }

        await Task.WhenAll(PumpAsync(client, server, cut, count => Interlocked.Add(ref _forwarded, count)), PumpAsync(server, client, null, _ => { }));
    }

    /// <summary>Forwards until the FIN, and that too. One that breaks ends both sides.</summary>
    private async Task PumpAsync(Socket from, Socket to, long? cut, Action<int> counted)
    {
        var left = cut ?? long.MaxValue;
        var buffer = new byte[Buffer];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(Buffer, left)), _stopped.Token)) > 0;)
            {
                counted(count);
                await to.SendAsync(buffer.AsMemory(0, count), _stopped.Token);
                if ((left -= count) > 0)
                    continue;
                Interlocked.Increment(ref _cuts);
                Reset(from, to);
                return;
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            Reset(from, to);
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
