using System.Net;
using System.Net.Sockets;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.Event;
using Akka.IO;
using Akka.TestKit;

namespace ActorSockets.Tests.Transport;

/// <summary>
/// The listener, and each way of Akka.IO 1.5.74 that it relies on: when one of these fails after an upgrade of Akka, read the
/// summary of <see cref="ListenerActor"/> and <see cref="SocketTap"/> first.
/// </summary>
public sealed class ListenerActorSpecs : Specs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestProbe _parent;

    public ListenerActorSpecs() => _parent = CreateTestProbe();

    [Fact]
    public void What_Akkas_listener_did_not_handle_before_its_own_Bound_it_gets_again()
    {
        var (tcp, akkas, others) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        ChildActorOf(ListenerActor.Props(Settings(0), ResolveAsync, tcp));
        tcp.ExpectMsg<Tcp.Bind>();
        Sys.EventStream.Publish(new UnhandledMessage("an early accept", akkas, akkas));
        Sys.EventStream.Publish(new UnhandledMessage("of somebody else", others, others));
        tcp.Sender.Tell(new Tcp.Bound(new IPEndPoint(IPAddress.Loopback, 4711)), akkas);
        akkas.ExpectMsg("an early accept");
        others.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public async Task An_accepted_socket_is_ours_alone_and_survives_the_end_of_Akkas_actors()
    {
        var endpoint = Start(out var listener);
        using var client = await ConnectAsync(endpoint.Port);
        var connection = Accepted();
        Sys.Stop(listener);
        await ExpectRefusalAsync(endpoint.Port);
        Assert.Empty(await ConnectionsOfAkkaAsync());

        await client.SendAsync("hello"u8.ToArray());
        Assert.Equal(5, await connection.ReceiveAsync(new byte[10]));
        Assert.Equal(2, await connection.SendAsync("ok"u8.ToArray()));
        connection.Close();
        Assert.Equal(2, await ScriptedPeer.ReadToEndAsync(client));
    }

    [Fact]
    public async Task Akka_reads_nothing_from_a_socket_before_it_is_ours()
    {
        var endpoint = Start(out _);
        using var client = await ConnectAsync(endpoint.Port);
        var payload = new byte[100_000];
        new Random(1).NextBytes(payload);
        var sending = client.SendAsync(payload);
        var connection = Accepted();
        var (received, count) = (new byte[payload.Length], 0);
        while (count < received.Length)
            count += await connection.ReceiveAsync(received.AsMemory(count));
        Assert.Equal(payload, received);
        await sending;
        connection.Abort();
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
        ChildActorOf(ListenerActor.Props(settings, (_, _) => new TaskCompletionSource<IPAddress[]>().Task, Sys.Tcp()));
        Assert.Equal("silent.example did not resolve within 50 ms", _parent.ExpectMsg<ListenerActor.Failed>(Patience).Reason);
    }

    [Fact]
    public void The_death_of_Akkas_listener_is_told()
    {
        var tcp = CreateTestProbe();
        ChildActorOf(ListenerActor.Props(Settings(0), ResolveAsync, tcp));
        tcp.ExpectMsg<Tcp.Bind>();
        var akkas = CreateTestProbe();
        tcp.Sender.Tell(new Tcp.Bound(new IPEndPoint(IPAddress.Loopback, 4711)), akkas);
        Assert.Equal(4711, _parent.ExpectMsg<ListenerActor.Listening>(Patience).Endpoint.Port);
        Sys.Stop(akkas);
        Assert.Equal("Akka.IO's listener stopped", _parent.ExpectMsg<ListenerActor.Failed>(Patience).Reason);
    }

    private static ListenerSettings Settings(int port, string host = "127.0.0.1", TimeSpan keepAlive = default) =>
        new(host, port, 100, Patience, new SocketSettings(keepAlive));

    private IActorRef StartOnly(int port, string host = "127.0.0.1", TimeSpan keepAlive = default) =>
        ChildActorOf(ListenerActor.Props(Settings(port, host, keepAlive), ResolveAsync, Sys.Tcp()));

    private IPEndPoint Start(out IActorRef listener, int port = 0, string host = "127.0.0.1", TimeSpan keepAlive = default)
    {
        listener = StartOnly(port, host, keepAlive);
        return _parent.ExpectMsg<ListenerActor.Listening>(Patience).Endpoint;
    }

    private IActorRef ChildActorOf(Props props) => _parent.ChildActorOf(props);

    private PlainConnection Accepted() => _parent.ExpectMsg<ListenerActor.Accepted>(Patience).Connection;

    private async Task<IReadOnlyList<ActorIdentity>> ConnectionsOfAkkaAsync()
    {
        var probe = CreateTestProbe();
        Sys.ActorSelection("/system/IO-TCP/*/*").Tell(new Identify(1), probe);
        var found = new List<ActorIdentity>();
        while (await probe.ReceiveOneAsync(TimeSpan.FromMilliseconds(200)) is ActorIdentity { Subject: not null } identity)
            found.Add(identity);
        return found;
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    private async Task ExpectRefusalAsync(int port) =>
        await AwaitAssertAsync(async () => await Assert.ThrowsAsync<SocketException>(async () => (await ConnectAsync(port)).Dispose()), Patience);
}
