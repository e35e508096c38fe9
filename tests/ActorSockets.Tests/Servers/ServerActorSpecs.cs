using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Servers;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.IO;
using Akka.TestKit;

namespace ActorSockets.Tests.Servers;

/// <summary>
/// The server and its receivers, with probes in the place of the Tcp manager, its listener and its connections. What the
/// receivers read comes over real sockets.
/// </summary>
public sealed class ServerActorSpecs : Specs
{
    private static readonly IPEndPoint Bound = new(IPAddress.Loopback, 4711);

    private readonly TestProbe _tcp;
    private readonly TestProbe _listener;
    private readonly TestProbe _events;
    private readonly ConcurrentDictionary<string, RecordingSink> _sinks = new();
    private readonly List<SocketPair> _sockets = [];

    public ServerActorSpecs() : base(VirtualTime)
    {
        (_tcp, _listener) = (CreateTestProbe(), CreateTestProbe());
        _events = SubscribeTo<ServerEvents.IServerEvent>();
    }

    [Fact]
    public void Says_where_it_listens()
    {
        Bind();
        Assert.Equal(new ServerEvents.Bound("s", Bound), _events.ExpectMsg<ServerEvents.Bound>());
    }

    [Fact]
    public void Says_which_address_it_could_not_bind_and_why()
    {
        var server = Start("port = 4711");
        Watch(server);
        var bind = _tcp.ExpectMsg<Tcp.Bind>();
        _tcp.Reply(bind.FailureMessage.WithCause(new SocketException((int)SocketError.AddressAlreadyInUse)));
        Assert.Equal(new ServerEvents.BindFailed("s", "127.0.0.1:4711", "Address already in use"), _events.ExpectMsg<ServerEvents.BindFailed>());
        ExpectTerminated(server);
    }

    [Fact]
    public void Gives_every_client_a_receiver_and_a_sink_of_its_own()
    {
        var server = Bind();
        var clients = Enumerable.Range(1, 20).Select(port => (Port: port, Client: Accept(server, port))).ToArray();
        foreach (var (port, client) in clients)
            client.Sends(new string('x', port));
        foreach (var (port, client) in clients)
            AwaitAssert(() => Assert.Equal([port], client.Sink.Chunks));
    }

    [Fact]
    public void Reads_on_only_when_the_sink_has_room()
    {
        var room = new TaskCompletionSource();
        var client = Accept(Bind(), 1);
        client.Sink.Room = room.Task;
        client.Sends("abc");
        AwaitAssert(() => Assert.Equal([3], client.Sink.Chunks));
        client.Sends("defg");
        client.Connection.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Assert.Equal([3], client.Sink.Chunks);
        room.SetResult();
        AwaitAssert(() => Assert.Equal([3, 4], client.Sink.Chunks));
    }

    [Fact]
    public void Waits_for_the_processing_delay_before_it_reads_on()
    {
        var client = Accept(Bind("processing-delay = 1s"), 1);
        client.Sends("abc");
        AwaitAssert(() => Assert.Equal([3], client.Sink.Chunks));
        client.Sends("defg");
        client.Connection.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Assert.Equal([3], client.Sink.Chunks);
        AwaitAssert(() =>
        {
            Advance(TimeSpan.FromSeconds(1));
            Assert.Equal([3, 4], client.Sink.Chunks);
        });
    }

    [Fact]
    public async Task Sends_its_FIN_only_after_the_sink_has_completed()
    {
        var client = Accept(Bind(), 1);
        client.Sends("abc");
        client.Socket.Shutdown(SocketShutdown.Send);
        client.Connection.ExpectMsg<Tcp.Close>();
        Assert.Equal(3, (await client.Sink.Completed).Bytes);
        client.Connection.Reply(Tcp.Closed.Instance);
        Assert.Equal(3, _events.FishForMessage<ServerEvents.Completed>(_ => true).Bytes);
    }

    [Fact]
    public void A_sink_that_fails_resets_its_client_and_no_other()
    {
        var server = Bind();
        var (bad, good) = (Accept(server, 1), Accept(server, 2));
        bad.Sink.Room = Task.FromException(new IOException("No space left on device"));
        bad.Sends("abc");
        bad.Connection.ExpectMsg<Tcp.Abort>();
        Assert.Equal("the discard sink failed: No space left on device", _events.FishForMessage<ServerEvents.BrokenOff>(_ => true).Reason);

        good.Sends("abc");
        AwaitAssert(() => Assert.Equal([3], good.Sink.Chunks));
    }

    [Fact]
    public async Task An_abrupt_client_leaves_an_incomplete_stream_and_the_others_alone()
    {
        var server = Bind();
        var (abrupt, other) = (Accept(server, 1), Accept(server, 2));
        ScriptedPeer.Reset(abrupt.Socket);
        Assert.Equal(new ServerEvents.BrokenOff("s", "127.0.0.1:1", 0, "Connection reset by peer"), _events.FishForMessage<ServerEvents.BrokenOff>(_ => true));
        await Assert.ThrowsAsync<EndOfStreamException>(() => abrupt.Sink.Completed);

        other.Sends("abc");
        AwaitAssert(() => Assert.Equal([3], other.Sink.Chunks));
    }

    [Fact]
    public void Binds_the_same_port_again_when_the_listener_died()
    {
        Bind("rebind-delay = 2s");
        Sys.Stop(_listener);
        _events.FishForMessage<ServerEvents.ListenerLost>(_ => true);
        Advance(TimeSpan.FromSeconds(2));
        _tcp.ExpectMsg<Tcp.Bind>(b => Assert.Equal(Bound, b.LocalAddress));
    }

    private IActorRef Start(string hocon = "") => Sys.ActorOf(ServerActor.Props(Server("sink = discard\n" + hocon), (_, peer) => _sinks[peer] = new RecordingSink(), _tcp));

    private IActorRef Bind(string hocon = "")
    {
        var server = Start(hocon);
        _tcp.ExpectMsg<Tcp.Bind>(b => Assert.True(b.PullMode));
        server.Tell(new Tcp.Bound(Bound), _listener);
        return server;
    }

    private Client Accept(IActorRef server, int port)
    {
        var (connection, sockets, remote) = (CreateTestProbe(), new SocketPair(), new IPEndPoint(IPAddress.Loopback, port));
        _sockets.Add(sockets);
        server.Tell(new SocketControl.Armed(remote, new SocketControl(sockets.Accepted)));
        server.Tell(new Tcp.Connected(remote, Bound), connection);
        connection.ExpectMsg<Tcp.Register>();
        return new Client(sockets.Client, connection, _sinks[$"127.0.0.1:{port}"]);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _sockets.ForEach(s => s.Dispose());
    }

    /// <summary>One connection: the client's end of it, Akka's actor for it, and where its bytes go.</summary>
    private sealed record Client(Socket Socket, TestProbe Connection, RecordingSink Sink)
    {
        public void Sends(string text) => Socket.Send(Encoding.UTF8.GetBytes(text));
    }
}
