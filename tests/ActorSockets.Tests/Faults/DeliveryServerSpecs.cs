using System.Collections.Concurrent;
using System.Globalization;
using ActorSockets.Events;
using ActorSockets.Protocols;
using ActorSockets.Servers.Sinks;
using ActorSockets.Tests.Support;
using ActorSockets.Tests.Transport.Tls;
using Akka.TestKit;

namespace ActorSockets.Tests.Faults;

/// <summary>A server of the deliveries protocol over real sockets: what good clients get, and what bad ones do not.</summary>
public abstract class DeliveryServerSpecs : FaultSpecs
{
    private readonly TestProbe _events;
    private readonly ConcurrentQueue<(DeliveryInfo Delivery, RecordingSink Sink)> _sinks = new();
    private Task _room = Task.CompletedTask;

    protected DeliveryServerSpecs(bool tls) : base(tls) => _events = SubscribeTo<ServerEvents.IServerEvent>();

    private protected override ISink CreateSink(SinkContext context)
    {
        var sink = new RecordingSink { Room = _room };
        _sinks.Enqueue((context.Delivery!, sink));
        return sink;
    }

    [Fact]
    public async Task Many_deliveries_on_a_connection_are_answered_in_their_order()
    {
        using var client = await ConnectAsync();
        var payloads = Enumerable.Range(0, 50).Select(i => DeliveryClient.Payload(i * 997, seed: i)).ToArray();
        for (var i = 0; i < payloads.Length; i++)
            await client.DeliverAsync($"d{i}", payloads[i], i % 2 == 0 ? " name=a%20b" : "");
        for (var i = 0; i < payloads.Length; i++)
            Assert.Equal(DeliveryClient.Received($"d{i}", payloads[i]), await client.HearAsync());

        await client.FinishAsync();
        Assert.Null(await client.HearAsync());
        var completed = _events.FishForMessage<ServerEvents.Completed>(_ => true);
        Assert.InRange(completed.Bytes, payloads.Sum(p => p.Length), payloads.Sum(p => p.Length + 100));
        Assert.Equal([.. Enumerable.Range(0, 50).Select(i => new DeliveryInfo($"d{i}", i % 2 == 0 ? "a b" : null, payloads[i].Length))], _sinks.Select(s => s.Delivery));
    }

    [Fact]
    public async Task Every_delivery_is_an_event_with_what_is_known_of_it()
    {
        using var client = await ConnectAsync();
        var payload = DeliveryClient.Payload(1000);
        await client.DeliverAsync("a", payload, " digest=sha256 name=report.pdf");
        await client.HearAsync();
        Assert.Equal(new ServerEvents.Stored("s", client.Endpoint, "a", "report.pdf", 1000, DeliveryClient.DigestOf(payload, DigestAlgorithm.Sha256).ToString(), 0, TimeSpan.Zero, null),
            _events.FishForMessage<ServerEvents.Stored>(_ => true) with { Elapsed = TimeSpan.Zero });

        await client.SayAsync("resume a 1000 digest=sha256\n");
        Assert.Equal(DeliveryClient.Received("a", payload, DigestAlgorithm.Sha256), await client.HearAsync());
        Assert.Equal(new ServerEvents.Repeated("s", client.Endpoint, "a", null, 1000, null), _events.FishForMessage<ServerEvents.Repeated>(_ => true));

        await client.SayAsync("deliver b 10\n5\nhello\nabort\n");
        Assert.Equal("later b aborted", await client.HearAsync());
        Assert.Equal(new ServerEvents.Interrupted("s", client.Endpoint, "b", null, 0, "the client aborted it"), _events.FishForMessage<ServerEvents.Interrupted>(_ => true));

        await client.SayAsync("resume c 5 name=..\n");
        Assert.StartsWith("never c bad-name", await client.HearAsync(), StringComparison.Ordinal);
        Assert.Equal("bad-name", _events.FishForMessage<ServerEvents.DeliveryRefused>(_ => true).Code);
    }

    [Fact]
    public async Task A_delivery_is_asked_for_whole_again_when_its_digest_cannot_be_compared()
    {
        using var client = await ConnectAsync();
        await client.DeliverAsync("a", "hello"u8.ToArray());
        await client.HearAsync();
        await client.SayAsync("resume a 5 digest=sha256\n");
        Assert.Equal("from a 0", await client.HearAsync());
        await client.SayAsync("5\nhello\nend\n");
        Assert.Equal(DeliveryClient.Received("a", "hello"u8, DigestAlgorithm.Sha256), await client.HearAsync());
        await client.DeliverAsync("a", "hallo"u8.ToArray());
        Assert.StartsWith("never a id-in-use", await client.HearAsync(), StringComparison.Ordinal);
        Assert.Single(_sinks);
    }

    [Fact]
    public async Task A_delivery_whose_digest_differs_is_thrown_away()
    {
        using var client = await ConnectAsync();
        await client.SayAsync($"deliver a 5 digest={DeliveryClient.DigestOf("hallo"u8)}\n5\nhello\nend\n");
        Assert.StartsWith("later a mismatch", await client.HearAsync(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<EndOfStreamException>(() => _sinks.Single().Sink.Completed);
        await client.DeliverAsync("a", "hello"u8.ToArray());
        Assert.Equal(DeliveryClient.Received("a", "hello"u8), await client.HearAsync());
    }

    [Fact]
    public async Task The_newer_connection_gets_a_delivery_when_the_older_one_has_let_go()
    {
        var room = new TaskCompletionSource();
        _room = room.Task;
        var (_, port) = Serve("protocol = deliveries, sink = discard");
        using var older = await ConnectAsync(port);
        using var newer = await ConnectAsync(port);
        await older.SayAsync("deliver a 10\n5\nhello\n");
        AwaitAssert(() => Assert.NotEmpty(_sinks.SingleOrDefault().Sink?.Chunks ?? []));
        await newer.SayAsync("resume a 10\n");
        await Assert.ThrowsAnyAsync<IOException>(older.HearAsync);

        // The older one's sink still writes.
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Assert.Single(_sinks);
        room.SetResult();
        Assert.Equal("from a 0", await newer.HearAsync());
        Assert.Equal("a newer connection brings a", _events.FishForMessage<ServerEvents.BrokenOff>(_ => true).Reason);
        await newer.SayAsync("10\nhellohello\nend\n");
        Assert.Equal(DeliveryClient.Received("a", "hellohello"u8), await newer.HearAsync());
    }

    [Fact]
    public async Task A_server_that_drains_finishes_what_has_begun_and_ends_the_connection()
    {
        var (server, port) = Serve("protocol = deliveries, sink = discard");
        using var busy = await ConnectAsync(port);
        using var idle = await ConnectAsync(port);
        await busy.SayAsync("deliver a 5\n2\nhe\n");
        AwaitAssert(() => Assert.NotEmpty(_sinks));
        server.Tell(new ServerEvents.Drain(), TestActor);
        Assert.Null(await idle.HearAsync());
        await busy.SayAsync("3\nllo\nend\ndeliver b 5\n5\nhello\nend\n");
        Assert.Equal(DeliveryClient.Received("a", "hello"u8), await busy.HearAsync());
        Assert.Equal("later b draining", await busy.HearAsync());
        Assert.Null(await busy.HearAsync());
        await busy.FinishAsync();
        await idle.FinishAsync();
        ExpectMsg<ServerEvents.Drained>(Patience);
    }

    [Fact]
    public async Task A_silent_connection_between_deliveries_ends_in_order_and_one_inside_is_reset()
    {
        var (_, port) = Serve("protocol = deliveries, sink = discard, idle-timeout = 1s");
        using var between = await ConnectAsync(port);
        await between.DeliverAsync("a", "hello"u8.ToArray());
        Assert.Equal(DeliveryClient.Received("a", "hello"u8), await between.HearAsync());
        Assert.Null(await between.HearAsync());
        await between.FinishAsync();
        _events.FishForMessage<ServerEvents.Completed>(e => e.Peer == between.Endpoint, Patience);

        using var inside = await ConnectAsync(port);
        await inside.SayAsync("deliver b 5\n2\nhe\n");
        await Assert.ThrowsAnyAsync<IOException>(inside.HearAsync);
        Assert.StartsWith("no traffic for", _events.FishForMessage<ServerEvents.BrokenOff>(e => e.Peer == inside.Endpoint, Patience).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("256KiB")]
    // So that the server still reads when its answers no longer go out.
    [InlineData("1KiB")]
    public async Task A_client_that_never_reads_its_answers_is_read_no_further_and_is_reset_in_the_end(string receiveFrame)
    {
        var (_, port) = Serve($"protocol = deliveries, sink = discard, idle-timeout = 200ms, receive-frame = {receiveFrame}");
        using var client = await ConnectAsync(port);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            // Refusals are answered at once, so that answers pile up until the server reads no more.
            for (var i = 0; ; i++)
                await client.SayAsync(string.Concat(Enumerable.Repeat($"resume r{i} 5 name=..\n", 1000))).WaitAsync(Patience);
        });
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\n", "error deliver, resume or cancel is expected")]
    [InlineData("deliver a% 5\n", "error an id is")]
    [InlineData("deliver a five\n", "error after the id comes the length")]
    [InlineData("deliver a 5\nfive\n", "error the size of a chunk")]
    [InlineData("deliver a 5\n5\nhello!", "error after a chunk comes a line feed")]
    [InlineData("deliver a 5\ndeliver b 5\n", "error the size of a chunk")]
    public async Task A_client_that_breaks_the_protocol_is_told_so_and_its_earlier_deliveries_count(string said, string error)
    {
        using var client = await ConnectAsync();
        await client.DeliverAsync("first", "hello"u8.ToArray());
        await client.SayAsync(said);
        Assert.Equal(DeliveryClient.Received("first", "hello"u8), await client.HearAsync());
        Assert.StartsWith(error, await client.HearAsync(), StringComparison.Ordinal);
        Assert.Null(await client.HearAsync());
        await client.FinishAsync();
        Assert.StartsWith("the client broke the protocol: ", _events.FishForMessage<ServerEvents.BrokenOff>(_ => true).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_without_an_end_costs_a_line()
    {
        using var client = await ConnectAsync();
        await client.SayAsync(new string('a', 2000));
        Assert.StartsWith("error a line has", await client.HearAsync(), StringComparison.Ordinal);
        await client.FinishAsync();
    }

    [Theory]
    [InlineData("deliver a 10\n5\nhello\nend\n", "later a mismatch")]
    [InlineData("deliver a 3\n5\nhello\nend\n", "later a mismatch")]
    [InlineData("deliver a 2000\n5\nhello\nabort\n", "never a too-long")]
    [InlineData("deliver a ?\n1500\n", "never a too-long")]
    [InlineData("resume a 5 digest=md5\n", "never a bad-digest")]
    public async Task What_cannot_be_stored_is_refused_and_the_connection_goes_on(string said, string answer)
    {
        var (_, port) = Serve("protocol = deliveries, sink = discard, max-length = 1000");
        using var client = await ConnectAsync(port);
        await client.SayAsync(said);
        Assert.StartsWith(answer, await client.HearAsync(), StringComparison.Ordinal);
        if (said.EndsWith("1500\n", StringComparison.Ordinal))
            await client.SayAsync(new string('x', 1500) + "\nend\n");
        await client.DeliverAsync("b", "hello"u8.ToArray());
        Assert.Equal(DeliveryClient.Received("b", "hello"u8), await client.HearAsync());
        Assert.NotEqual("", _events.FishForMessage<ServerEvents.DeliveryRefused>(_ => true).Reason);
        AwaitAssert(() => Assert.All(_sinks.SkipLast(1), s => Assert.True(s.Sink.Completed.IsFaulted)));
    }

    [Fact]
    public async Task A_FIN_inside_a_delivery_is_a_lost_connection()
    {
        using var client = await ConnectAsync();
        await client.SayAsync("deliver a 5\n5\nhello\n");
        await client.FinishAsync();
        await Assert.ThrowsAnyAsync<IOException>(client.HearAsync);
        Assert.Equal("the client's FIN came inside a delivery", _events.FishForMessage<ServerEvents.BrokenOff>(_ => true).Reason);
        await Assert.ThrowsAsync<EndOfStreamException>(() => _sinks.Single().Sink.Completed);
    }

    [Fact]
    public async Task More_than_the_window_is_an_error()
    {
        var room = new TaskCompletionSource();
        _room = room.Task;
        var (_, port) = Serve("protocol = deliveries, sink = discard, window = 3");
        using var client = await ConnectAsync(port);
        // In one piece: the server reads on when it has stored what it has read.
        await client.SayAsync(string.Concat(Enumerable.Range(0, 4).Select(i => string.Create(CultureInfo.InvariantCulture, $"deliver d{i} 1\n1\nx\nend\n"))));
        Assert.Equal("error more than 3 deliveries are unanswered (window)", await client.HearAsync());
        room.SetResult();
        Assert.Null(await client.HearAsync());
        await client.FinishAsync();
        // What has come whole is stored all the same, and answered when it comes again.
        _events.FishForMessage<ServerEvents.Stored>(e => e.Id == "d2");
    }

    private Task<DeliveryClient> ConnectAsync() => ConnectAsync(Serve("protocol = deliveries, sink = discard").Port);

    private Task<DeliveryClient> ConnectAsync(int port) => DeliveryClient.ConnectAsync(port, Tls ? TlsPair.TrustingOptions() : null);
}

/// <summary>Over plain TCP.</summary>
public sealed class PlainDeliveryServerSpecs() : DeliveryServerSpecs(tls: false);

/// <summary>Over TLS.</summary>
public sealed class TlsDeliveryServerSpecs() : DeliveryServerSpecs(tls: true);
