using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Raw;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.TestKit;
using static ActorSockets.Events.Deliveries;

namespace ActorSockets.Tests.Faults;

/// <summary>Senders against peers that do what peers do on a bad day.</summary>
public abstract class BadPeerSpecs : FaultSpecs
{
    private const int Large = 32 << 20;

    private readonly TestProbe _events;

    protected BadPeerSpecs(bool tls) : base(tls) => _events = SubscribeTo<IDeliveryEvent>();

    [Fact]
    public async Task One_that_refuses_is_delivered_to_when_it_is_back()
    {
        var gone = Peer(ScriptedPeer.ReadToEndAsync);
        var port = gone.Port;
        gone.Dispose();
        Send(Clients(port), 1000);
        await _events.FishForMessageAsync<BackingOff>(b => b.Attempt >= 3, Patience);

        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        using var socket = await PeerConnection.AcceptAsync(await listener.AcceptSocketAsync(), Tls);
        Assert.Equal(1000, await ScriptedPeer.ReadToEndAsync(socket));
        await socket.CloseAsync();
        ExpectMsg<Sent>(Patience);
    }

    [Fact]
    public async Task One_that_swallows_SYNs_is_given_up_in_time_and_delivered_to_when_it_answers()
    {
        // A full accept queue: the kernel drops further SYNs.
        using var listener = ScriptedPeer.Listen(backlog: 0);
        var endpoint = (IPEndPoint)listener.LocalEndPoint!;
        using var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await filler.ConnectAsync(endpoint);

        Send(Clients(endpoint.Port, "connect-timeout = 300ms"), 1000);
        var backingOff = await _events.FishForMessageAsync<BackingOff>(_ => true, Patience);
        Assert.Equal($"127.0.0.1:{endpoint.Port} did not answer within 300 ms (connect-timeout)", backingOff.Reason);

        using var peer = new ScriptedPeer(listener, (socket, _) => ScriptedPeer.ReadToEndAsync(socket), Tls);
        Assert.Equal(1000, ExpectMsg<Sent>(Patience).Report.Taken);
    }

    [Fact]
    public async Task One_that_accepts_and_never_reads_is_blocked_and_then_given_up()
    {
        using var peer = Peer(_ => Task.Delay(Timeout.Infinite));
        Send(Clients(peer.Port, "busy-after = 50ms\n give-up-after = 1s"), Large);
        var blocked = await _events.FishForMessageAsync<Blocked>(_ => true, Patience);
        Assert.Equal(Large, blocked.Taken + blocked.Remaining);
        var failed = ExpectMsg<Failed>(Patience);
        Assert.StartsWith("no progress for 1 s (give-up-after)", failed.Reason, StringComparison.Ordinal);
        Assert.InRange(failed.Report.Taken, 1, Large - 1);
    }

    [Fact]
    public async Task One_that_reads_byte_by_byte_makes_no_other_wait()
    {
        using var slow = Peer(async socket =>
        {
            while (await socket.ReceiveAsync(new byte[1]) > 0)
                await Task.Delay(1000);
        });
        using var quick = Peer(ScriptedPeer.ReadToEndAsync);
        var clients = Clients([Target("busy-after = 50ms", slow.Port) with { Name = "slow" }, Target("", quick.Port) with { Name = "quick" }]);
        clients.Tell(new Deliver("1", "slow", new GeneratedPayload(Large)), TestActor);
        await _events.FishForMessageAsync<Blocked>(b => b.Target == "slow", Patience);
        clients.Tell(new Deliver("2", "quick", new GeneratedPayload(Large)), TestActor);
        Assert.Equal("quick", ExpectMsg<Sent>(Patience).Target);

        clients.Tell(new Cancel("1", "slow"), TestActor);
        ExpectMsg<Cancelled>(Patience);
        Assert.Equal("cancelled", ExpectMsg<Failed>(Patience).Reason);
    }

    [Theory]
    [InlineData("close")]
    [InlineData("receipt")]
    public void One_that_sends_its_FIN_first_and_reads_on_confirms_nothing(string confirm)
    {
        using var peer = Peer(async socket =>
        {
            await socket.FinishAsync();
            await ScriptedPeer.ReadToEndAsync(socket);
        });
        Send(Clients(peer.Port, $"confirm = {confirm}"), Large);
        Assert.Equal(Large, ExpectMsg<Unconfirmed>(Patience).Report.Taken);
    }

    [Theory]
    [InlineData("hello", "sent something that is not a receipt")]
    [InlineData("", "closed without a receipt (does the server send receipts?)")]
    [InlineData("received 1000 sha256:xyz\n", "sent something that is not a receipt")]
    [InlineData("received 1000 sha256:0000000000000000000000000000000000000000000000000000000000000000\nand more", "sent something that is not a receipt")]
    [InlineData("received 1000 xxh128:00000000000000000000000000000000\n", "sent a receipt with xxh128, which proves nothing here: needs digest = sha256 (set both ends to the same)")]
    public void One_that_sends_no_receipt_leaves_the_delivery_unconfirmed(string answer, string reason)
    {
        using var peer = Peer(async socket =>
        {
            await ScriptedPeer.ReadToEndAsync(socket);
            await socket.SendAsync(Encoding.ASCII.GetBytes(answer));
        });
        Send(Clients(peer.Port, "confirm = receipt"), 1000);
        Assert.EndsWith(reason, ExpectMsg<Unconfirmed>(Patience).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_wants_deliveries_with_names_is_not_tried_again()
    {
        using var peer = Peer(async socket =>
        {
            await socket.SendAsync("deliveries/1 window=64 digests=xxh128,sha256\nerror deliver, resume or cancel is expected\n"u8.ToArray());
            await ScriptedPeer.ReadToEndAsync(socket);
        });
        Send(Clients(peer.Port), Large);
        var failed = ExpectMsg<Failed>(Patience);
        Assert.Equal((FailureKind.Protocol, 1), (failed.Kind, failed.Report.Attempts));
        Assert.EndsWith("speaks the deliveries protocol: needs protocol = deliveries, or another port", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_floods_back_is_read_and_forgotten()
    {
        using var peer = Peer(async socket =>
        {
            var reading = ScriptedPeer.ReadToEndAsync(socket);
            for (var i = 0; i < 200; i++)
                await socket.SendAsync(new byte[64 * 1024]);
            await reading;
        });
        Send(Clients(peer.Port, "confirm = receipt"), Large);
        Assert.IsType<Unconfirmed>(await ExpectMsgAsync<IOutcome>(Patience));
    }

    [Fact]
    public async Task One_that_stored_something_else_gets_it_again()
    {
        using var peer = Peer(async (socket, number) =>
        {
            using var all = new MemoryStream();
            var buffer = new byte[64 * 1024];
            for (int count; (count = await socket.ReceiveAsync(buffer)) > 0;)
                all.Write(buffer, 0, count);
            var stored = number == 1 ? all.ToArray()[..^1] : all.ToArray();
            await socket.SendAsync(new Receipt(stored.Length, new Digest(DigestAlgorithm.Sha256, System.Security.Cryptography.SHA256.HashData(stored))).ToBytes());
        });
        Send(Clients(peer.Port, "confirm = receipt"), 1000);
        Assert.Contains("stored different data: 999 B with", (await _events.FishForMessageAsync<BackingOff>(_ => true, Patience)).Reason, StringComparison.Ordinal);
        Assert.Equal(1000, ExpectMsg<Delivered>(Patience).Report.TakenBefore);
    }

    [Fact]
    public void One_that_never_closes_leaves_the_delivery_unconfirmed()
    {
        using var peer = Peer(async socket =>
        {
            await ScriptedPeer.ReadToEndAsync(socket);
            await Task.Delay(Timeout.Infinite);
        });
        Send(Clients(peer.Port, "confirm-timeout = 200ms\n give-up-after = 1s"), 1000);
        Assert.EndsWith("did not close within 200 ms of receiving everything (confirm-timeout)", ExpectMsg<Unconfirmed>(Patience).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_slow_to_read_what_the_kernel_has_is_not_silent()
    {
        // The kernel takes all at once; the peer needs several confirm-timeouts to read it.
        using var peer = Peer(async socket =>
        {
            var buffer = new byte[64 * 1024];
            while (await socket.ReceiveAsync(buffer) > 0)
                await Task.Delay(50);
        }, receiveBufferSize: 64 * 1024);
        Send(Clients(peer.Port, "confirm-timeout = 600ms"), 2 << 20);
        await _events.FishForMessageAsync<Connected>(_ => true, Patience);
        ExpectMsg<Sent>(Patience);
    }

    [Fact]
    public async Task One_that_resets_at_our_half_close_gets_everything_again()
    {
        using var peer = Peer(async (socket, number) =>
        {
            await ScriptedPeer.ReadToEndAsync(socket);
            if (number == 1)
                socket.Reset();
        });
        Send(Clients(peer.Port), 1000);
        Assert.Contains("Connection reset by peer", (await _events.FishForMessageAsync<BackingOff>(_ => true, Patience)).Reason, StringComparison.Ordinal);
        Assert.Equal(2, ExpectMsg<Sent>(Patience).Report.Attempts);
    }

    [Fact]
    public async Task Six_hundred_that_do_not_answer_keep_no_place_from_one_that_does()
    {
        using var hole = ScriptedPeer.Listen(backlog: 0);
        using var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await filler.ConnectAsync(hole.LocalEndPoint!);
        using var peer = Peer(ScriptedPeer.ReadToEndAsync);

        var holePort = ((IPEndPoint)hole.LocalEndPoint!).Port;
        var clients = Clients([
            .. Enumerable.Range(0, 600).Select(i => Target("", holePort) with { Name = $"hole{i}" }), Target("", peer.Port)]);
        for (var i = 0; i < 600; i++)
            clients.Tell(new Deliver("1", $"hole{i}", new TextPayload("hello")), TestActor);
        clients.Tell(new Deliver("1", "t", new TextPayload("hello")), TestActor);

        // Well before the first of them has used up its connect-timeout of 10 s.
        Assert.Equal("t", ExpectMsg<Sent>(TimeSpan.FromSeconds(9)).Target);
    }

    [Fact]
    public void A_wrong_name_fails_with_its_name()
    {
        var target = Target("host = no-such-host.invalid\n max-attempts = 1");
        Clients([target]).Tell(new Deliver("1", "t", new TextPayload("hello")), TestActor);
        Assert.StartsWith("no-such-host.invalid does not resolve: ", ExpectMsg<Failed>(Patience).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_both_families_is_tried_in_both()
    {
        using var peer = Peer(ScriptedPeer.ReadToEndAsync);
        Clients([Target("host = localhost\n max-attempts = 1", peer.Port)]).Tell(new Deliver("1", "t", new TextPayload("hello")), TestActor);
        ExpectMsg<Sent>(Patience);
    }

    [Fact]
    public void A_thousand_targets_open_no_more_connections_at_a_time_than_they_may_and_are_all_delivered()
    {
        using var peer = Peer(ScriptedPeer.ReadToEndAsync);
        var clients = Clients([.. Enumerable.Range(0, 1000).Select(i => Target("", peer.Port) with { Name = $"t{i}" })]);
        for (var i = 0; i < 1000; i++)
            clients.Tell(new Deliver("1", $"t{i}", new TextPayload("hello")), TestActor);
        for (var i = 0; i < 1000; i++)
            ExpectMsg<Sent>(Patience);
    }

    private void Send(IActorRef clients, long bytes) => clients.Tell(new Deliver("1", "t", new GeneratedPayload(bytes)), TestActor);
}

/// <summary>Over plain TCP.</summary>
public sealed class PlainBadPeerSpecs() : BadPeerSpecs(tls: false);

/// <summary>Over TLS.</summary>
public sealed class TlsBadPeerSpecs() : BadPeerSpecs(tls: true);
