using System.Collections.Concurrent;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;
using static ActorSockets.Events.Deliveries;

namespace ActorSockets.Tests.Faults;

/// <summary>The sending side of the deliveries protocol, against good and bad receivers over real sockets.</summary>
public abstract class DeliverySenderSpecs(bool tls) : FaultSpecs(tls)
{
    private const string Protocol = "protocol = deliveries\n idle-timeout = 0s";

    [Fact]
    public void One_connection_carries_many_deliveries_in_order()
    {
        var connections = 0;
        var headers = new ConcurrentQueue<string>();
        using var peer = Peer(async socket =>
        {
            Interlocked.Increment(ref connections);
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            while (await receiver.TakeAsync() is var (header, body))
                headers.Enqueue($"{header.Split(' ')[1]} {body.Length}");
        });
        var clients = Clients(peer.Port, $"{Protocol}\n idle-timeout = 1h\n max-queued = 1000");
        for (var i = 0; i < 300; i++)
            clients.Tell(new Deliver($"d{i}", "t", new GeneratedPayload(i)), TestActor);
        for (var i = 0; i < 300; i++)
            Assert.Equal($"d{i}", ExpectMsg<Delivered>(Patience).Id);
        Assert.Equal(1, connections);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"d{i} {i}"), headers);
    }

    [Fact]
    public void A_lost_connection_goes_on_where_the_receiver_s_bytes_end()
    {
        var events = SubscribeTo<Resumed>();
        using var peer = Peer(async (socket, number) =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            var words = (await receiver.HearAsync())!.Split(' ');
            Assert.Equal(("resume", "d", "3000000"), (words[0], words[1], words[2]));
            await receiver.SayAsync($"from d {(number == 1 ? 0 : 1_234_567)}");
            if (number == 1)
            {
                await receiver.HearBodyAsync(most: 1_500_000);
                socket.Reset();
                return;
            }

            var (body, last) = await receiver.HearBodyAsync();
            await receiver.SayAsync($"received d {1_234_567 + body.Length} {last.Split(' ')[1]}");
            await receiver.HearAsync();
        });
        Clients(peer.Port, Protocol).Tell(new Deliver("d", "t", new GeneratedPayload(3_000_000)), TestActor);
        var report = ExpectMsg<Delivered>(Patience).Report;
        Assert.Equal((3_000_000L, 1_234_567L, 2), (report.Taken, report.ResumedFrom, report.Attempts));
        Assert.Equal(1_234_567, events.ExpectMsg<Resumed>().Offset);
    }

    [Fact]
    public void A_stream_of_unknown_length_is_sent_while_it_grows_and_resumed_from_its_spool()
    {
        using var growing = new GrowingStream();
        var heard = new ConcurrentQueue<string>();
        using var peer = Peer(async (socket, number) =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            heard.Enqueue((await receiver.HearAsync())!);
            await receiver.SayAsync($"from d {(number == 1 ? 0 : 3)}");
            if (number == 1)
            {
                heard.Enqueue(System.Text.Encoding.ASCII.GetString((await receiver.HearBodyAsync(most: 5)).Body));
                socket.Reset();
                return;
            }

            growing.Grow(" world");
            growing.End();
            var (body, last) = await receiver.HearBodyAsync();
            heard.Enqueue(System.Text.Encoding.ASCII.GetString(body));
            await receiver.SayAsync($"received d 11 {last.Split(' ')[1]}");
            await receiver.HearAsync();
        });
        Clients(peer.Port, Protocol).Tell(new Deliver("d", "t", growing.Payload), TestActor);
        growing.Grow("hello");
        var report = ExpectMsg<Delivered>(Patience).Report;
        Assert.Equal((11, 11L, 3L, 2), (report.Length, report.Taken, report.ResumedFrom, report.Attempts));
        Assert.Equal(["resume d ? digest=xxh128", "hello", "resume d ? digest=xxh128", "lo world"], heard);
    }

    [Fact]
    public async Task A_stream_that_fails_is_aborted_and_the_next_delivery_goes_on_with_the_connection()
    {
        using var growing = new GrowingStream();
        var last = new TaskCompletionSource<string?>();
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            await receiver.HearAsync();
            await receiver.SayAsync("from d 0");
            await receiver.HearBodyAsync(most: 5);
            growing.Fail("gone");
            last.SetResult($"{(await receiver.HearBodyAsync()).Last}, {await receiver.HearAsync()}");
            await receiver.SayAsync("later d aborted");
            await receiver.TakeAsync();
            await receiver.HearAsync();
        });
        var clients = Clients(peer.Port, Protocol);
        clients.Tell(new Deliver("d", "t", growing.Payload), TestActor);
        clients.Tell(new Deliver("next", "t", new TextPayload("hello")), TestActor);
        growing.Grow("hello");
        Assert.Equal((FailureKind.Payload, "growing cannot be read: gone"), (ExpectMsg<Failed>(Patience) is var failed ? failed.Kind : default, failed.Reason));
        Assert.Equal("next", ExpectMsg<Delivered>(Patience).Id);
        Assert.Equal("abort, cancel d", await last.Task.WaitAsync(Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stream_that_is_stored_already_is_read_to_its_end_and_compared(bool isTheSame)
    {
        using var growing = new GrowingStream();
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            await receiver.HearAsync();
            await receiver.SayAsync($"received d {Alphabet.Length} {Digest}");
            await receiver.HearAsync();
        });
        Clients(peer.Port, $"{Protocol}\n max-attempts = 1").Tell(new Deliver("d", "t", growing.Payload), TestActor);
        growing.Grow(Alphabet);
        if (!isTheSame)
            growing.Grow("!");
        growing.End();
        if (isTheSame)
            ExpectMsg<Delivered>(Patience);
        else
            Assert.Equal(FailureKind.ReceiptMismatch, ExpectMsg<Failed>(Patience).Kind);
    }

    [Fact]
    public void A_stream_that_is_shorter_than_what_the_target_has_fails()
    {
        using var growing = new GrowingStream();
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            await receiver.HearAsync();
            await receiver.SayAsync("from d 9");
            await receiver.HearBodyAsync();
        });
        Clients(peer.Port, Protocol).Tell(new Deliver("d", "t", growing.Payload), TestActor);
        growing.Grow("hello");
        growing.End();
        Assert.Equal("growing ended after 5 B, and the target has 9 B under this id: deliver it under another one", ExpectMsg<Failed>(Patience).Reason);
    }

    [Fact]
    public void What_is_stored_already_is_delivered_without_its_bytes()
    {
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            await receiver.HearAsync();
            await receiver.SayAsync($"received d {Alphabet.Length} {Digest}");
            Assert.Null(await receiver.HearAsync());
        });
        Clients(peer.Port, $"{Protocol}\n resume-above = 0").Tell(new Deliver("d", "t", new BytesPayload(Alphabet)), TestActor);
        ExpectMsg<Delivered>(Patience);
    }

    [Theory]
    [InlineData("never d too-long 5 bytes at most", "refuses: too-long, 5 bytes at most")]
    [InlineData("later d full no space", "refuses: full, no space; 2 attempts made (max-attempts)")]
    [InlineData("received d 26 xxh128:00000000000000000000000000000000", "stored something else: 26 B with xxh128:0")]
    [InlineData("received d 25 DIGEST", "stored something else: 25 B")]
    [InlineData("received other 26 DIGEST", "answered other, and d is the next one")]
    [InlineData("from d 27", "from where d goes on, which was not asked")]
    [InlineData("error no more", "no more")]
    [InlineData("hello", "")]
    public void A_receiver_that_refuses_or_lies_is_believed_nothing(string answer, string reason)
    {
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            var refuses = answer.StartsWith("never", StringComparison.Ordinal) || answer.StartsWith("later", StringComparison.Ordinal);
            // Further attempts come on the same connection, as long as the protocol is kept.
            while (await receiver.HearAsync() is { } header && header != "abort")
            {
                var asks = header.StartsWith("resume", StringComparison.Ordinal);
                if (asks && !refuses)
                    await receiver.SayAsync("from d 0");
                if (!asks || !refuses)
                    await receiver.HearBodyAsync();
                await receiver.SayAsync(answer.Replace("DIGEST", Digest, StringComparison.Ordinal));
            }
        });
        Clients(peer.Port, $"{Protocol}\n max-attempts = 2").Tell(new Deliver("d", "t", new BytesPayload(Alphabet)), TestActor);
        Assert.Contains(reason, ExpectMsg<Failed>(Patience).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("220 mail.example ESMTP")]
    [InlineData("deliveries/2 window=64")]
    [InlineData("")]
    public void What_does_not_greet_is_sent_nothing(string greeting)
    {
        using var peer = Peer(async socket =>
        {
            if (greeting.Length > 0)
                await new DeliveryPeer(socket).SayAsync(greeting);
            Assert.Equal(0, await ScriptedPeer.ReadToEndAsync(socket));
        });
        Clients(peer.Port, $"{Protocol}\n max-attempts = 1\n connect-timeout = 300ms").Tell(new Deliver("d", "t", new TextPayload("hello")), TestActor);
        Assert.Equal(FailureKind.Protocol, ExpectMsg<Failed>(Patience).Kind);
    }

    [Fact]
    public void A_megabyte_of_greeting_is_read_no_further()
    {
        using var peer = Peer(async socket =>
        {
            try
            {
                await socket.SendAsync(new byte[1 << 20]);
                await ScriptedPeer.ReadToEndAsync(socket);
            }
            catch (System.Net.Sockets.SocketException)
            {
                // The sender resets.
            }
        });
        Clients(peer.Port, $"{Protocol}\n max-attempts = 1").Tell(new Deliver("d", "t", new TextPayload("hello")), TestActor);
        Assert.Equal(FailureKind.Protocol, ExpectMsg<Failed>(Patience).Kind);
    }

    [Fact]
    public void A_receiver_that_never_answers_is_lost_after_the_confirm_timeout()
    {
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            while (await receiver.HearAsync() is not null)
            {
            }
        });
        Clients(peer.Port, $"{Protocol}\n max-attempts = 1\n confirm-timeout = 300ms").Tell(new Deliver("d", "t", new TextPayload("hello")), TestActor);
        Assert.Contains("did not answer within 300 ms", ExpectMsg<Failed>(Patience).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delivery_that_is_cancelled_is_aborted_and_the_next_one_goes()
    {
        var aborted = new TaskCompletionSource<string?>();
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync(DeliveryPeer.Greeting);
            await receiver.HearAsync();
            await receiver.SayAsync("from big 0");
            var (_, last) = await receiver.HearBodyAsync();
            await receiver.SayAsync("later big aborted");
            aborted.TrySetResult($"{last}, {await receiver.HearAsync()}");
            await receiver.TakeAsync();
        });
        var connected = SubscribeTo<Progressed>();
        var clients = Clients(peer.Port, $"{Protocol}\n progress-interval = 10ms");
        clients.Tell(new Deliver("big", "t", new GeneratedPayload(1L << 40)), TestActor);
        clients.Tell(new Deliver("next", "t", new TextPayload("hello")), TestActor);
        connected.ExpectMsg<Progressed>(Patience);
        clients.Tell(new Deliveries.Cancel("big", "t"), TestActor);
        ExpectMsg<Cancelled>(Patience);
        Assert.Equal(FailureKind.Cancelled, ExpectMsg<Failed>(Patience).Kind);
        Assert.Equal("next", ExpectMsg<Delivered>(Patience).Id);
        Assert.Equal("abort, cancel big", await aborted.Task.WaitAsync(Patience));
    }

    [Fact]
    public void A_receiver_that_forgets_before_a_delivery_is_given_up_is_told_once()
    {
        using var peer = Peer(async socket =>
        {
            var receiver = new DeliveryPeer(socket);
            await receiver.SayAsync("deliveries/1 window=1 remembers=1m");
            while (await receiver.TakeAsync() is not null)
            {
            }
        });
        var events = SubscribeTo<ForgetsEarly>();
        var clients = Clients(peer.Port, Protocol);
        for (var i = 0; i < 3; i++)
        {
            clients.Tell(new Deliver($"d{i}", "t", new TextPayload("hello")), TestActor);
            ExpectMsg<Delivered>(Patience);
        }

        Assert.Equal(TimeSpan.FromMinutes(1), events.ExpectMsg<ForgetsEarly>().Remembers);
        events.ExpectNoMsg(TimeSpan.Zero);
    }

    private static byte[] Alphabet { get; } = [.. Enumerable.Range('a', 26).Select(c => (byte)c)];

    private static string Digest { get; } = $"xxh128:{Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(Alphabet))}";
}

/// <summary>Over plain TCP.</summary>
public sealed class PlainDeliverySenderSpecs() : DeliverySenderSpecs(tls: false);

/// <summary>Over TLS.</summary>
public sealed class TlsDeliverySenderSpecs() : DeliverySenderSpecs(tls: true);
