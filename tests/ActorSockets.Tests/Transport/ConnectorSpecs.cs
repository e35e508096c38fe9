using System.Net;
using System.Net.Sockets;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;

namespace ActorSockets.Tests.Transport;

public sealed class ConnectorSpecs
{
    private static readonly SocketSettings Sockets = new(TimeSpan.Zero);

    [Fact]
    public async Task Tells_the_reason_of_the_system()
    {
        using var closed = Bind();
        var port = PortOf(closed);
        var failure = await Assert.ThrowsAsync<ConnectException>(() => ConnectAsync("127.0.0.1", port));
        Assert.Equal((ConnectFailure.Refused, $"127.0.0.1:{port}: Connection refused"), (failure.Failure, failure.Message));
    }

    [Fact]
    public async Task Tells_a_name_that_does_not_resolve()
    {
        var failure = await Assert.ThrowsAsync<ConnectException>(() => new Connector((_, _) => Task.FromResult<IPAddress[]>([])).ConnectAsync("nowhere", 1, Sockets, 1, default));
        Assert.Equal(ConnectFailure.UnknownHost, failure.Failure);
        Assert.StartsWith("nowhere does not resolve: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tries_the_next_address_at_once_when_one_refuses()
    {
        using var listener = ScriptedPeer.Listen();
        var connection = await ConnectAsync("name", PortOf(listener), IPAddress.Parse("127.0.0.2"), IPAddress.Loopback);
        Assert.Equal($"127.0.0.1:{PortOf(listener)}", connection.Peer);
        connection.Abort();
    }

    [Fact]
    public async Task Goes_on_to_the_next_address_while_the_first_one_swallows_everything()
    {
        // A full accept queue: the kernel drops further SYNs.
        using var hole = Bind(IPAddress.Parse("127.0.0.2"));
        hole.Listen(0);
        using var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await filler.ConnectAsync(hole.LocalEndPoint!);
        using var listener = Bind(IPAddress.Loopback, PortOf(hole));
        listener.Listen();

        var connection = await ConnectAsync("name", PortOf(hole), IPAddress.Parse("127.0.0.2"), IPAddress.Loopback).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal($"127.0.0.1:{PortOf(hole)}", connection.Peer);
        connection.Abort();
    }

    [Fact]
    public async Task Does_not_connect_to_itself()
    {
        // The kernel may pick the target's port for our side, and the two ends meet (simultaneous open).
        for (var i = 0; i < 20; i++)
        {
            int port;
            using (var free = Bind())
                port = PortOf(free);
            var failure = await Assert.ThrowsAsync<ConnectException>(() => ConnectAsync("127.0.0.1", port));
            Assert.Equal(ConnectFailure.Refused, failure.Failure);
        }
    }

    [Fact]
    public async Task Leaves_no_socket_behind_when_it_is_cancelled()
    {
        using var hole = ScriptedPeer.Listen(backlog: 0);
        using var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await filler.ConnectAsync(hole.LocalEndPoint!);
        using var cancelled = new CancellationTokenSource();
        var connecting = new Connector(Resolve(IPAddress.Loopback)).ConnectAsync("name", PortOf(hole), Sockets, 1, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }

    [Fact]
    public async Task What_the_kernel_took_is_known_to_the_byte()
    {
        using var listener = ScriptedPeer.Listen(receiveBufferSize: 4096);
        var accepting = listener.AcceptAsync();
        var connection = await ConnectAsync("127.0.0.1", PortOf(listener));
        using var peer = await accepting;
        var (payload, taken) = (new byte[32 << 20], 0);
        while (taken < payload.Length)
        {
            var sending = connection.SendAsync(payload.AsMemory(taken)).AsTask();
            if (await Task.WhenAny(sending, Task.Delay(500)) != sending)
            {
                // The kernel is full: what it has is what the peer can read.
                connection.Abort();
                await Assert.ThrowsAsync<IOException>(() => sending);
                break;
            }

            taken += await sending;
        }

        Assert.InRange(taken, 1, payload.Length - 1);
    }

    [Fact]
    public async Task A_closed_connection_delivers_what_the_kernel_took()
    {
        using var listener = ScriptedPeer.Listen();
        var accepting = listener.AcceptAsync();
        var connection = await ConnectAsync("127.0.0.1", PortOf(listener));
        using var peer = await accepting;
        var taken = await connection.SendAsync(new byte[100_000]);
        connection.Close();
        Assert.Equal(taken, await ScriptedPeer.ReadToEndAsync(peer));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_of_the_peer_before_ours_is_no_answer_to_it(bool peerFirst)
    {
        using var listener = ScriptedPeer.Listen();
        var accepting = listener.AcceptAsync();
        var connection = await ConnectAsync("127.0.0.1", PortOf(listener));
        using var peer = await accepting;
        if (peerFirst)
        {
            peer.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await connection.ReceiveAsync(new byte[1]));
        }

        Assert.Equal(!peerFirst, await connection.FinishAsync());
        connection.Abort();
    }

    private static Task<Connection> ConnectAsync(string host, int port, params IPAddress[] addresses) =>
        new Connector(Resolve(addresses is [] ? [IPAddress.Loopback] : addresses)).ConnectAsync(host, port, Sockets, 1, default);

    private static Func<string, CancellationToken, Task<IPAddress[]>> Resolve(params IPAddress[] addresses) => (_, _) => Task.FromResult(addresses);

    private static Socket Bind(IPAddress? address = null, int port = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address ?? IPAddress.Loopback, port));
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}
