using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Servers;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.IO;
using Akka.TestKit;

namespace ActorSockets.Tests.Servers;

/// <summary>The server and its receivers, with probes in the place of the Tcp manager, its listener and its connections.</summary>
public sealed class ServerActorSpecs : Specs
{
    private static readonly IPEndPoint Bound = new(IPAddress.Loopback, 4711);

    private readonly TestProbe _tcp;
    private readonly TestProbe _listener;
    private readonly TestProbe _events;
    private readonly ConcurrentDictionary<string, RecordingSink> _sinks = new();

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
        var clients = Enumerable.Range(1, 20).Select(port => (Port: port, Connection: Accept(server, port))).ToArray();
        foreach (var (port, connection) in clients)
            connection.Sends(new string('x', port));
        foreach (var (port, connection) in clients)
        {
            connection.Expects<Tcp.ResumeReading>();
            Assert.Equal([port], _sinks[$"127.0.0.1:{port}"].Chunks);
        }
    }

    [Fact]
    public void Asks_for_more_only_when_the_sink_has_room()
    {
        var room = new TaskCompletionSource();
        var connection = Accept(Bind(), 1);
        _sinks["127.0.0.1:1"].Room = room.Task;
        connection.Sends("abc");
        AwaitCondition(() => _sinks["127.0.0.1:1"].Chunks.Count == 1);
        connection.ExpectsNothing();
        room.SetResult();
        connection.Expects<Tcp.ResumeReading>();
    }

    [Fact]
    public void Waits_for_the_processing_delay_before_it_reads_on()
    {
        var connection = Accept(Bind("processing-delay = 1s"), 1);
        connection.Sends("abc");
        connection.ExpectsNothing();
        Advance(TimeSpan.FromSeconds(1));
        connection.Expects<Tcp.ResumeReading>();
    }

    [Fact]
    public async Task Sends_its_FIN_only_after_the_sink_has_completed()
    {
        var connection = Accept(Bind(), 1);
        connection.Sends("abc");
        connection.Expects<Tcp.ResumeReading>();
        connection.Receives(Tcp.PeerClosed.Instance);
        connection.Expects<Tcp.Close>();
        Assert.Equal(3, (await _sinks["127.0.0.1:1"].Completed).Bytes);
        connection.Receives(Tcp.Closed.Instance);
        Assert.Equal(3, _events.FishForMessage<ServerEvents.Completed>(_ => true).Bytes);
    }

    [Fact]
    public void A_sink_that_fails_resets_its_client_and_no_other()
    {
        var server = Bind();
        var (bad, good) = (Accept(server, 1), Accept(server, 2));
        _sinks["127.0.0.1:1"].Room = Task.FromException(new IOException("No space left on device"));
        bad.Sends("abc");
        bad.Expects<Tcp.Abort>();
        Assert.Equal("the discard sink failed: No space left on device", _events.FishForMessage<ServerEvents.BrokenOff>(_ => true).Reason);

        good.Sends("abc");
        good.Expects<Tcp.ResumeReading>();
    }

    [Fact]
    public async Task An_abrupt_client_leaves_an_incomplete_stream_and_the_others_alone()
    {
        var server = Bind();
        var (abrupt, other) = (Accept(server, 1), Accept(server, 2));
        abrupt.Receives(new Tcp.ErrorClosed("Connection reset by peer"));
        Assert.Equal(new ServerEvents.BrokenOff("s", "127.0.0.1:1", 0, "Connection reset by peer"), _events.FishForMessage<ServerEvents.BrokenOff>(_ => true));
        await Assert.ThrowsAsync<EndOfStreamException>(() => _sinks["127.0.0.1:1"].Completed);

        other.Sends("abc");
        other.Expects<Tcp.ResumeReading>();
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
        var connection = CreateTestProbe();
        server.Tell(new Tcp.Connected(new IPEndPoint(IPAddress.Loopback, port), Bound), connection);
        var register = connection.ExpectMsg<Tcp.Register>();
        Assert.True(register.KeepOpenOnPeerClosed);
        connection.ExpectMsg<Tcp.ResumeReading>();
        return new Client(connection, register.Handler);
    }

    /// <summary>A connection, and the receiver that registered with it.</summary>
    private sealed record Client(TestProbe Connection, IActorRef Receiver)
    {
        public void Sends(string text) => Receives(new Tcp.Received(ByteString.FromString(text)));

        public void Receives(object message) => Connection.Send(Receiver, message);

        public void Expects<T>() => Connection.ExpectMsg<T>();

        public void ExpectsNothing() => Connection.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }
}
