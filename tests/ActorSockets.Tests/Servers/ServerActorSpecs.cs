using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Events;
using ActorSockets.Servers;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.TestKit;

namespace ActorSockets.Tests.Servers;

/// <summary>The server and its receivers, with a script in the place of the listener. What the receivers read comes over real sockets.</summary>
public sealed class ServerActorSpecs : Specs
{
    private static readonly IPEndPoint Bound = new(IPAddress.Loopback, 4711);

    private readonly TestProbe _listeners;
    private readonly TestProbe _events;
    private readonly ConcurrentDictionary<string, RecordingSink> _sinks = new();
    private readonly List<SocketPair> _sockets = [];
    private IActorRef? _listener;
    private ListenerSettings? _asked;

    public ServerActorSpecs() : base(VirtualTime)
    {
        _listeners = CreateTestProbe();
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
        NextListener().Tell(new ListenerActor.Failed("Address already in use"));
        Assert.Equal(new ServerEvents.BindFailed("s", "127.0.0.1:4711", "Address already in use"), _events.ExpectMsg<ServerEvents.BindFailed>());
        ExpectTerminated(server);
    }

    [Fact]
    public void Publishes_what_happened_before_its_supervisor_hears_of_it_and_answers()
    {
        var heard = new ConcurrentQueue<string>();
        Sys.EventStream.Subscribe(Sys.ActorOf(Hearing.Props("a subscriber", heard)), typeof(ServerEvents.BindFailed));
        Sys.ActorOf(Hearing.Props("the supervisor", heard, ServerProps("port = 4711")));
        NextListener().Tell(new ListenerActor.Failed("Address already in use"));
        AwaitAssert(() => Assert.Equal(["a subscriber", "the supervisor"], heard));
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
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
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
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
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
        Assert.Equal(0, await client.Socket.ReceiveAsync(new byte[1]));
        Assert.Equal(3, (await client.Sink.Completed).Bytes);
        Assert.Equal(3, _events.FishForMessage<ServerEvents.Completed>(_ => true).Bytes);
    }

    [Fact]
    public async Task What_is_stored_is_said_to_be_stored_also_when_its_client_does_not_take_the_receipt()
    {
        var client = Accept(Bind("receipt = on"), 1);
        var stored = new TaskCompletionSource();
        client.Sink.MayComplete = stored.Task;
        client.Sends("abc");
        client.Socket.Shutdown(SocketShutdown.Send);
        AwaitAssert(() => Assert.Equal([3], client.Sink.Chunks));
        ScriptedPeer.Reset(client.Socket);
        stored.SetResult();
        await client.Sink.Completed;
        var lost = _events.FishForMessage<ServerEvents.ReceiptLost>(_ => true);
        Assert.Equal((3L, $"sha256:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("abc"u8))}"), (lost.Bytes, lost.Digest));
    }

    [Fact]
    public void A_sink_that_cannot_be_disposed_is_told()
    {
        var client = Accept(Bind(), 1);
        client.Sink.DisposeFailure = new IOException("disk gone");
        var logged = CreateTestProbe();
        Sys.EventStream.SetLogLevel(Akka.Event.LogLevel.WarningLevel);
        Sys.EventStream.Subscribe(logged, typeof(Akka.Event.Warning));
        client.Socket.Shutdown(SocketShutdown.Send);
        _events.FishForMessage<ServerEvents.Completed>(_ => true);
        Assert.Contains("disk gone", logged.FishForMessage<Akka.Event.Warning>(w => $"{w.Message}".Contains("sink", StringComparison.Ordinal)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sink_that_fails_resets_its_client_and_no_other()
    {
        var server = Bind();
        var (bad, good) = (Accept(server, 1), Accept(server, 2));
        bad.Sink.Room = Task.FromException(new IOException("No space left on device"));
        bad.Sends("abc");
        await Assert.ThrowsAsync<SocketException>(async () => await bad.Socket.ReceiveAsync(new byte[1]));
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
        Assert.Equal(new ServerEvents.BrokenOff("s", "127.0.0.1:1", 0, "Connection reset by peer", null), _events.FishForMessage<ServerEvents.BrokenOff>(_ => true));
        await Assert.ThrowsAsync<EndOfStreamException>(() => abrupt.Sink.Completed);

        other.Sends("abc");
        AwaitAssert(() => Assert.Equal([3], other.Sink.Chunks));
    }

    [Fact]
    public void Binds_the_same_port_again_when_the_listener_died()
    {
        Bind("rebind-delay = 2s");
        _listener!.Tell(new ListenerActor.Failed("its listener died"));
        Assert.Equal("its listener died", _events.FishForMessage<ServerEvents.ListenerLost>(_ => true).Reason);
        Advance(TimeSpan.FromSeconds(2));
        NextListener();
        Assert.Equal(Bound.Port, _asked!.Port);
    }

    [Fact]
    public void Tells_every_refusal_before_it_has_drained()
    {
        var server = Bind("max-connections = 1");
        Accept(server, 1);
        for (var port = 2; port < 50; port++)
            Connect(server, port);
        server.Tell(new ServerEvents.Drain(), TestActor);
        server.Tell(new ServerEvents.CutOff(), TestActor);
        ExpectMsg<ServerEvents.Drained>();
        var refused = 0;
        while (refused < 48)
            refused += _events.FishForMessage<ServerEvents.Refused>(_ => true).Count;
        Assert.Equal(48, refused);
    }

    private IActorRef Start(string hocon = "") => Sys.ActorOf(ServerProps(hocon));

    private Props ServerProps(string hocon)
    {
        var server = Server("sink = discard\n" + hocon);
        return ServerActor.Props(server, new ServerMemory(server), (_, peer, _, _) => _sinks[peer] = new RecordingSink(), Listen);
    }

    private new Props Listen(ListenerSettings settings)
    {
        _asked = settings;
        return Props.Create(() => new ScriptedListener(_listeners));
    }

    private IActorRef NextListener() => _listener = _listeners.ExpectMsg<IActorRef>();

    private IActorRef Bind(string hocon = "")
    {
        var server = Start(hocon);
        NextListener().Tell(new ListenerActor.Listening(Bound));
        return server;
    }

    private Client Accept(IActorRef server, int port)
    {
        var sockets = Connect(server, port);
        AwaitAssert(() => Assert.True(_sinks.ContainsKey($"127.0.0.1:{port}")));
        return new Client(sockets.Client, _sinks[$"127.0.0.1:{port}"]);
    }

    private SocketPair Connect(IActorRef server, int port)
    {
        var sockets = new SocketPair();
        _sockets.Add(sockets);
        new SocketSettings(TimeSpan.Zero).Apply(sockets.Accepted);
        server.Tell(new ListenerActor.Accepted(new PlainConnection(sockets.Accepted, new IPEndPoint(IPAddress.Loopback, port))));
        return sockets;
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _sockets.ForEach(s => s.Dispose());
    }

    /// <summary>Tells its server what a spec tells it.</summary>
    private sealed class ScriptedListener(IActorRef spec) : UntypedActor
    {
        protected override void PreStart() => spec.Tell(Self);

        protected override void OnReceive(object message) => Context.Parent.Tell(message);
    }

    /// <summary>Says that it heard something, on the thread of who told it.</summary>
    private sealed class Hearing(string name, ConcurrentQueue<string> heard, Props? child) : UntypedActor
    {
        public static Props Props(string name, ConcurrentQueue<string> heard, Props? child = null) =>
            Akka.Actor.Props.Create(() => new Hearing(name, heard, child)).WithDispatcher(CallingThreadDispatcher.Id);

        protected override void PreStart()
        {
            if (child is not null)
                Context.ActorOf(child);
        }

        protected override void OnReceive(object message) => heard.Enqueue(name);
    }

    /// <summary>One connection: the client's end of it, and where its bytes go.</summary>
    private sealed record Client(Socket Socket, RecordingSink Sink)
    {
        public void Sends(string text) => Socket.Send(Encoding.UTF8.GetBytes(text));
    }
}
