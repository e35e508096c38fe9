using System.Net;
using System.Net.Sockets;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.TestKit;

namespace ActorSockets.Tests.Transport;

/// <summary>What the listener gives its parent, and what becomes of the clients that it does not give.</summary>
public sealed class ListenerActorSpecs : Specs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TestProbe _parent;

    public ListenerActorSpecs() => _parent = CreateTestProbe();

    [Fact]
    public async Task An_accepted_connection_survives_the_end_of_the_listener()
    {
        var port = Start(out var listener).Port;
        using var client = await ConnectAsync(port);
        var connection = Accepted();
        Sys.Stop(listener);
        await AwaitAssertAsync(async () => await Assert.ThrowsAsync<SocketException>(async () => (await ConnectAsync(port)).Dispose()), Patience);

        await client.SendAsync("hello"u8.ToArray());
        Assert.Equal(5, await connection.ReceiveAsync(new byte[10]));
        Assert.Equal(2, await connection.SendAsync("ok"u8.ToArray()));
        connection.Close();
        Assert.Equal(2, await ScriptedPeer.ReadToEndAsync(client));
    }

    [Fact]
    public async Task Options_of_the_listener_are_those_of_accepted_sockets()
    {
        var endpoint = Start(out _, keepAlive: TimeSpan.FromSeconds(42));
        using var client = await ConnectAsync(endpoint.Port);
        var connection = Accepted();
        // SO_LINGER (on, 0): whatever drops the socket is a reset.
        connection.Abort();
        await Assert.ThrowsAsync<SocketException>(async () => await client.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task A_client_that_resets_at_once_is_a_connection_that_is_broken()
    {
        var endpoint = Start(out _);
        for (var i = 0; i < 100; i++)
            ScriptedPeer.Reset(await ConnectAsync(endpoint.Port));
        using var client = await ConnectAsync(endpoint.Port);
        var local = client.LocalEndPoint!.ToString();
        while (Accepted() is var connection)
        {
            if (connection.Peer == local)
            {
                connection.Abort();
                return;
            }

            await Assert.ThrowsAsync<IOException>(async () => await connection.ReceiveAsync(new byte[1]));
            connection.Abort();
        }
    }

    [Fact]
    public async Task A_client_that_is_accepted_while_the_listener_stops_is_reset()
    {
        using var sockets = new SocketPair();
        var accepting = new TaskCompletionSource<Socket>();
        var listener = ChildActorOf(ListenerActor.Props(Settings(0), ResolveAsync, _ => accepting.Task));
        _parent.ExpectMsg<ListenerActor.Listening>(Patience);
        Watch(listener);
        Sys.Stop(listener);
        ExpectTerminated(listener, Patience);
        new SocketSettings(TimeSpan.Zero).Apply(sockets.Accepted);
        accepting.SetResult(sockets.Accepted);
        await Assert.ThrowsAsync<SocketException>(async () => await sockets.Client.ReceiveAsync(new byte[1]).WaitAsync(Patience));
    }

    [Fact]
    public async Task Clients_that_connect_while_the_listener_stops_are_reset_or_refused()
    {
        for (var round = 0; round < 50; round++)
        {
            _parent = CreateTestProbe();
            _parent.SetAutoPilot(new DelegateAutoPilot((_, message) =>
            {
                (message as ListenerActor.Accepted)?.Connection.Abort();
                return AutoPilot.KeepRunning;
            }));
            var port = Start(out var listener).Port;
            var clients = Enumerable.Range(0, 4).Select(_ => ResetOrRefusedAsync(port)).ToArray();
            Sys.Stop(listener);
            await Task.WhenAll(clients).WaitAsync(Patience);
        }

        static async Task ResetOrRefusedAsync(int port) => await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var client = await ConnectAsync(port);
            await client.ReceiveAsync(new byte[1]);
        });
    }

    [Fact]
    public async Task The_IPv6_wildcard_takes_IPv4_too()
    {
        var endpoint = Start(out _, host: "::");
        using var client = await ConnectAsync(endpoint.Port);
        Assert.StartsWith("127.0.0.1:", Accepted().Peer, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_use_is_told_with_the_reason_of_the_system()
    {
        using var taken = ScriptedPeer.Listen();
        StartOnly(((IPEndPoint)taken.LocalEndPoint!).Port);
        Assert.Equal("Address already in use", _parent.ExpectMsg<ListenerActor.Failed>(Patience).Reason);
    }

    [Fact]
    public void A_name_that_is_never_resolved_is_given_up()
    {
        var settings = new ListenerSettings("silent.example", 0, 10, TimeSpan.FromMilliseconds(50), new SocketSettings(TimeSpan.Zero));
        ChildActorOf(ListenerActor.Props(settings, (_, _) => new TaskCompletionSource<IPAddress[]>().Task));
        Assert.Equal("silent.example did not resolve within 50 ms", _parent.ExpectMsg<ListenerActor.Failed>(Patience).Reason);
    }

    [Fact]
    public async Task Accepts_again_when_handles_are_free_again_and_tells_both()
    {
        using var sockets = new SocketPair();
        var accepts = 0;
        ChildActorOf(ListenerActor.Props(Settings(0), ResolveAsync, _ => ++accepts switch
        {
            <= 3 => Task.FromException<Socket>(new SocketException((int)SocketError.TooManyOpenSockets)),
            4 => Task.FromResult(sockets.Accepted),
            _ => new TaskCompletionSource<Socket>().Task,
        }));
        _parent.ExpectMsg<ListenerActor.Listening>(Patience);
        Assert.False(_parent.ExpectMsg<ListenerActor.Accepting>(Patience).Works);
        Assert.True(_parent.ExpectMsg<ListenerActor.Accepting>(Patience).Works);
        Accepted().Abort();
    }

    [Fact]
    public void An_accept_that_fails_for_good_is_told()
    {
        ChildActorOf(ListenerActor.Props(Settings(0), ResolveAsync, _ => Task.FromException<Socket>(new SocketException((int)SocketError.InvalidArgument))));
        _parent.ExpectMsg<ListenerActor.Listening>(Patience);
        Assert.Equal("its listener died: Invalid argument", _parent.ExpectMsg<ListenerActor.Failed>(Patience).Reason);
    }

    private static ListenerSettings Settings(int port, string host = "127.0.0.1", TimeSpan keepAlive = default) =>
        new(host, port, 100, Patience, new SocketSettings(keepAlive));

    private IActorRef StartOnly(int port, string host = "127.0.0.1", TimeSpan keepAlive = default) =>
        ChildActorOf(ListenerActor.Props(Settings(port, host, keepAlive), ResolveAsync));

    private IPEndPoint Start(out IActorRef listener, int port = 0, string host = "127.0.0.1", TimeSpan keepAlive = default)
    {
        listener = StartOnly(port, host, keepAlive);
        return _parent.ExpectMsg<ListenerActor.Listening>(Patience).Endpoint;
    }

    private IActorRef ChildActorOf(Props props) => _parent.ChildActorOf(props);

    private PlainConnection Accepted() => _parent.ExpectMsg<ListenerActor.Accepted>(Patience).Connection;

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }
}
