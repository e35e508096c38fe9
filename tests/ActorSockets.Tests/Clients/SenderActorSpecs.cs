using System.Text;
using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Raw;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.TestKit;
using static ActorSockets.Events.Deliveries;

namespace ActorSockets.Tests.Clients;

/// <summary>Every transition of the sender, with a script in the place of the network.</summary>
public sealed class SenderActorSpecs : Specs
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    private readonly ScriptedConnector _connector = new();
    private readonly TestProbe _events;

    public SenderActorSpecs() : base(VirtualTime)
    {
        _events = SubscribeTo<IDeliveryEvent>();
    }

    [Fact]
    public void Delivers_when_the_peer_closes_after_our_FIN()
    {
        Deliver("hello");
        var connection = Connect();
        Assert.Equal("hello", connection.TakeWrite());
        connection.ExpectFinish();
        connection.PeerCloses();

        var delivered = ExpectMsg<Sent>();
        Assert.Equal(("t", "1", 5L, 5L, 1), (delivered.Target, delivered.Id, delivered.Report.Length, delivered.Report.Taken, delivered.Report.Attempts));
        Assert.Equal(delivered, _events.FishForMessage<Sent>(_ => true));
    }

    [Fact]
    public void Delivers_an_empty_payload_without_a_write()
    {
        Deliver("");
        var connection = Connect();
        connection.ExpectFinish();
        connection.PeerCloses();
        Assert.Equal(0, ExpectMsg<Sent>().Report.Taken);
    }

    [Fact]
    public void Keeps_one_write_in_flight_and_sends_every_byte_in_order()
    {
        Deliver("abcdefghijklmnopqrstuvwxyz", "chunk { min = 1KiB, max = 1KiB }", repeat: 1000);
        var connection = Connect();
        var sent = new StringBuilder();
        while (sent.Length < 26_000)
        {
            var write = connection.ExpectWrite();
            Assert.True(connection.IsQuiet);
            sent.Append(write.Text);
            write.TakeAll();
        }

        connection.ExpectFinish();
        Assert.Equal(Repeated("abcdefghijklmnopqrstuvwxyz", 1000), sent.ToString());
    }

    [Fact]
    public void With_confirm_none_the_last_byte_taken_is_enough()
    {
        Deliver("hello", "confirm = none");
        var connection = Connect();
        connection.TakeWrite();
        connection.ExpectFinish();
        connection.ExpectClosed();
        ExpectMsg<Sent>();
    }

    [Fact]
    public void Tries_again_after_a_refused_connect_and_backs_off()
    {
        Deliver("hello");
        RefuseConnect();
        var backingOff = _events.FishForMessage<BackingOff>(_ => true);
        Assert.Contains("127.0.0.1:9: Connection refused", backingOff.Reason, StringComparison.Ordinal);
        Assert.Equal(FailureKind.Refused, backingOff.Kind);
        Assert.InRange(backingOff.Delay, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1));

        Advance(TimeSpan.FromSeconds(1));
        Connect().TakeWrite();
        Assert.Equal(2, _events.FishForMessage<Connected>(_ => true).Attempt);
    }

    [Fact]
    public void Takes_an_unanswered_connect_for_lost_at_its_own_deadline()
    {
        Deliver("hello", "connect-timeout = 2s");
        _connector.Next();
        Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("127.0.0.1:9 did not answer within 2 s (connect-timeout)", _events.FishForMessage<BackingOff>(_ => true).Reason);
    }

    [Fact]
    public void Offers_what_the_kernel_did_not_take_again_from_the_same_byte()
    {
        Deliver("0123456789", "chunk { min = 1KiB, max = 1KiB }", repeat: 200);
        var connection = Connect();
        var sent = new StringBuilder();
        while (sent.Length < 2000)
        {
            var write = connection.ExpectWrite();
            var taken = Math.Min(7, write.Bytes.Length);
            sent.Append(write.Text[..taken]);
            write.Take(taken);
        }

        connection.ExpectFinish();
        Assert.Equal(Repeated("0123456789", 200), sent.ToString());
    }

    [Fact]
    public void A_connection_that_breaks_in_the_middle_of_a_chunk_tells_how_much_of_it_was_taken()
    {
        Deliver("0123456789", "max-attempts = 1", repeat: 200);
        var connection = Connect();
        connection.ExpectWrite().Take(1234);
        connection.ExpectWrite().Fails("Connection reset by peer");
        Assert.Equal(1234, ExpectMsg<Failed>().Report.Taken);
    }

    [Fact]
    public void With_on_busy_fail_a_kernel_that_takes_no_more_ends_the_delivery_and_tells_how_much_was_taken()
    {
        Deliver("0123456789", "on-busy = fail\n busy-after = 1s\n chunk { min = 1KiB, max = 1KiB }", repeat: 200);
        var connection = Connect();
        connection.TakeWrite();
        connection.ExpectWrite();
        var failed = AdvanceUntilTold<Failed>(TimeSpan.FromSeconds(1));
        Assert.Equal("127.0.0.1:9 is busy (on-busy = fail)", failed.Reason);
        Assert.Equal((1024L, 2000L, 1), (failed.Report.Taken, failed.Report.Length, failed.Report.Attempts));
        connection.ExpectAborted();
    }

    [Fact]
    public void Says_once_that_it_is_blocked_again_at_the_interval_and_when_it_goes_on()
    {
        Deliver("0123456789", "busy-after = 1s\n blocked-report-interval = 10s");
        var connection = Connect();
        var write = connection.ExpectWrite();

        Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new Blocked("t", "1", 0, 10, TimeSpan.FromSeconds(1)), _events.FishForMessage<Blocked>(_ => true));
        Advance(TimeSpan.FromSeconds(9));
        _events.ExpectNoMsg(TimeSpan.Zero);
        Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(11), _events.ExpectMsg<Blocked>().Since);

        write.TakeAll();
        Assert.Equal(TimeSpan.FromSeconds(11), _events.ExpectMsg<Unblocked>().Lasted);
        connection.ExpectFinish();
        connection.PeerCloses();
        Assert.Equal(TimeSpan.FromSeconds(11), ExpectMsg<Sent>().Report.Blocked);
    }

    [Fact]
    public void With_on_busy_fail_a_write_not_taken_in_time_ends_the_delivery()
    {
        Deliver("0123456789", "on-busy = fail\n busy-after = 250ms");
        var connection = Connect();
        connection.ExpectWrite();
        Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(0, ExpectMsg<Failed>().Report.Taken);
        connection.ExpectAborted();
    }

    [Theory]
    [InlineData("before the data is taken", 0)]
    [InlineData("in the middle", 1)]
    [InlineData("after the data, before the confirmation", 2)]
    public void After_a_reset_the_whole_payload_is_sent_again_under_the_same_id(string when, int acks)
    {
        Deliver("0123456789", "chunk { min = 1KiB, max = 1KiB }", repeat: 200);
        var broken = Connect();
        for (var i = 0; i < acks; i++)
            broken.TakeWrite();
        if (acks < 2)
            broken.ExpectWrite();
        else
            broken.ExpectFinish();
        broken.Breaks();
        Assert.True(_events.FishForMessage<BackingOff>(_ => true) is { Attempt: 1 } backingOff && backingOff.Taken == Math.Min(2000, 1024 * acks), when);

        Advance(LongestBackoff);
        var connection = Connect();
        Assert.Equal(Repeated("0123456789", 200), connection.TakeWrite() + connection.TakeWrite());
        connection.ExpectFinish();
        connection.PeerCloses();
        var delivered = ExpectMsg<Sent>();
        Assert.Equal(("1", 2, Math.Min(2000, 1024L * acks)), (delivered.Id, delivered.Report.Attempts, delivered.Report.TakenBefore));
    }

    [Fact]
    public void A_connection_that_breaks_while_the_kernel_takes_nothing_is_lost()
    {
        Deliver("hello");
        var connection = Connect();
        connection.ExpectWrite();
        connection.Breaks("Connection timed out");
        Assert.Equal("127.0.0.1:9: Connection timed out", _events.FishForMessage<BackingOff>(_ => true).Reason);
    }

    [Fact]
    public void A_FIN_before_ours_confirms_nothing()
    {
        Deliver("hello");
        var connection = Connect();
        var write = connection.ExpectWrite();
        connection.PeerCloses();
        write.TakeAll();
        connection.ExpectFinish();
        // Closed, not reset: the last bytes may still be on their way.
        connection.ExpectClosed();
        Assert.Equal(5, ExpectMsg<Unconfirmed>().Report.Taken);
    }

    [Fact]
    public void A_peer_that_does_not_close_in_time_leaves_the_delivery_unconfirmed()
    {
        Deliver("hello", "confirm-timeout = 3s");
        var connection = Connect();
        connection.TakeWrite();
        connection.ExpectFinish();
        Assert.Equal("127.0.0.1:9 did not close within 3 s of receiving everything (confirm-timeout)", AdvanceUntilTold<Unconfirmed>(TimeSpan.FromSeconds(1)).Reason);

        // A reset would take from a slow peer what it may still read.
        connection.ExpectClosed();
    }

    [Fact]
    public void Reads_on_whatever_the_peer_sends_back()
    {
        Deliver("hello");
        var connection = Connect();
        var write = connection.ExpectWrite();
        connection.PeerSends("an echo");
        connection.PeerSends("that goes on");
        write.TakeAll();
        connection.ExpectFinish();
        connection.PeerCloses();
        ExpectMsg<Sent>();
    }

    [Fact]
    public void Gives_up_on_a_target_that_refuses_for_too_long()
    {
        Deliver("hello", "give-up-after = 5s\n backoff { min = 1s, max = 1s }");
        RefuseConnect();
        _events.FishForMessage<BackingOff>(_ => true);
        Failed? failed = null;
        for (var i = 0; i < 100 && failed is null; i++)
        {
            Advance(TimeSpan.FromSeconds(1));
            _connector.TryNext(TimeSpan.Zero)?.Refuse();
            failed = ReceiveOne(TimeSpan.FromMilliseconds(50)) as Failed;
        }

        Assert.NotNull(failed);
        Assert.StartsWith("no progress for 5 s (give-up-after); last failure: 127.0.0.1:9: Connection refused", failed.Reason, StringComparison.Ordinal);
        Assert.True(failed.Report.Attempts > 1);
    }

    [Fact]
    public void Gives_up_on_a_peer_that_accepts_and_never_reads()
    {
        Deliver("hello", "give-up-after = 5s");
        var connection = Connect();
        connection.ExpectWrite();
        Assert.StartsWith("no progress for 5 s", AdvanceUntilTold<Failed>(TimeSpan.FromSeconds(1)).Reason, StringComparison.Ordinal);
        connection.ExpectAborted();
    }

    [Fact]
    public void Slow_is_not_dead_as_long_as_bytes_are_taken()
    {
        Deliver("0123456789", "give-up-after = 5s\n chunk { min = 1KiB, max = 1KiB }", repeat: 1000);
        var connection = Connect();
        for (var i = 0; i < 9; i++)
        {
            var write = connection.ExpectWrite();
            Advance(TimeSpan.FromSeconds(4));
            write.TakeAll();
        }

        connection.TakeWrite();
        connection.ExpectFinish();
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void An_attempt_that_moves_is_not_given_up_though_it_sends_again_what_an_earlier_one_sent()
    {
        Deliver("0123456789", "give-up-after = 5s\n backoff { min = 500ms, max = 500ms }\n chunk { min = 1KiB, max = 1KiB }", repeat: 500);
        var broken = Connect();
        for (var i = 0; i < 4; i++)
            broken.TakeWrite();
        broken.ExpectWrite();
        broken.Breaks();
        _events.FishForMessage<BackingOff>(_ => true);
        Advance(TimeSpan.FromMilliseconds(500));

        var connection = Connect();
        for (var i = 0; i < 4; i++)
        {
            var write = connection.ExpectWrite();
            Advance(TimeSpan.FromSeconds(4));
            write.TakeAll();
        }

        connection.TakeWrite();
        connection.ExpectFinish();
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void Does_not_give_up_on_a_peer_that_has_all_and_has_time_to_confirm()
    {
        Deliver("hello", "give-up-after = 1s\n confirm-timeout = 10s");
        var connection = Connect();
        connection.TakeWrite();
        connection.ExpectFinish();
        for (var i = 0; i < 20; i++)
        {
            Advance(TimeSpan.FromMilliseconds(250));
            ExpectNoMsg(TimeSpan.FromMilliseconds(10));
        }

        connection.PeerCloses();
        ExpectMsg<Sent>();
    }

    [Fact]
    public void Attempts_that_never_get_further_are_given_up()
    {
        Deliver("hello", "give-up-after = 2s\n backoff { min = 1ms, max = 1ms }");
        Failed? failed = null;
        for (var i = 0; i < 50 && failed is null; i++)
        {
            if (_connector.TryNext(TimeSpan.FromMilliseconds(100)) is { } connect)
            {
                var connection = connect.Accept();
                connection.ExpectWrite();
                Advance(TimeSpan.FromMilliseconds(300));
                connection.Breaks();
                connection.ExpectAborted();
            }

            Advance(TimeSpan.FromMilliseconds(10));
            failed = HasMessages ? ExpectMsg<Failed>() : null;
        }

        Assert.NotNull(failed);
        Assert.Contains("no progress for 2 s", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reset_after_a_long_wait_for_the_confirmation_is_retried()
    {
        Deliver("hello", "give-up-after = 5m\n confirm-timeout = 10m");
        var connection = Connect();
        connection.TakeWrite();
        connection.ExpectFinish();
        _events.FishForMessage<Confirming>(_ => true);
        Advance(TimeSpan.FromMinutes(6));
        connection.Breaks();
        _events.FishForMessage<BackingOff>(_ => true);
        Advance(LongestBackoff);
        Confirm(Connect(), "hello");
        Assert.Equal(2, ExpectMsg<Sent>().Report.Attempts);
    }

    [Fact]
    public void A_target_that_was_blocked_to_the_end_has_that_in_its_report()
    {
        Deliver("hello", "give-up-after = 5s\n busy-after = 1s");
        Connect().ExpectWrite();
        Assert.True(AdvanceUntilTold<Failed>(TimeSpan.FromSeconds(1)).Report is { } report && report.Blocked == report.Elapsed);
    }

    [Fact]
    public void Rejects_a_delivery_without_a_payload()
    {
        Deliver((Payload)null!);
        Assert.Equal("the payload is null", ExpectMsg<Rejected>().Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_cut_off_and_what_waited_behind_it_have_their_outcomes(bool stopped)
    {
        var sender = Deliver("first");
        var connection = Connect();
        connection.ExpectWrite().Take(2);
        connection.ExpectWrite();
        sender.Tell(new Deliver("2", "t", new TextPayload("second")), TestActor);
        sender.Tell(stopped ? PoisonPill.Instance : new CutOff(), TestActor);
        Assert.True(ExpectMsg<Failed>() is { Id: "1", Kind: FailureKind.Shutdown, Report.Taken: 2 });
        Assert.True(ExpectMsg<Failed>() is { Id: "2", Kind: FailureKind.Shutdown, Report.Attempts: 0 });
        connection.ExpectAborted();
    }

    [Fact]
    public void With_a_receipt_it_is_delivered_and_without_one_it_is_sent()
    {
        Deliver("hello", "confirm = receipt");
        var connection = Connect();
        connection.TakeWrite();
        connection.ExpectFinish();
        connection.PeerSends(Encoding.ASCII.GetString(new Receipt(5, new Digest(DigestAlgorithm.Sha256, System.Security.Cryptography.SHA256.HashData("hello"u8))).ToBytes()));
        connection.PeerCloses();
        ExpectMsg<Delivered>();
    }

    [Fact]
    public void Tries_no_more_connections_than_max_attempts()
    {
        Deliver("hello", "max-attempts = 1");
        RefuseConnect();
        Assert.EndsWith("; 1 attempt made (max-attempts)", ExpectMsg<Failed>().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Delivers_one_after_the_other_and_rejects_what_does_not_fit_in_the_queue()
    {
        var sender = Deliver("first", "max-queued = 1");
        var connection = Connect();
        sender.Tell(new Deliver("2", "t", new TextPayload("second")), TestActor);
        sender.Tell(new Deliver("3", "t", new TextPayload("third")), TestActor);
        Assert.Equal(new Rejected("t", "3", "1 deliveries are already waiting (max-queued)"), ExpectMsg<Rejected>());

        Confirm(connection, "first");
        Assert.Equal("1", ExpectMsg<Sent>().Id);
        Confirm(Connect(), "second");
        Assert.Equal("2", ExpectMsg<Sent>().Id);
    }

    [Fact]
    public void Retries_at_once_when_it_is_told_to_and_only_while_it_backs_off()
    {
        var sender = Deliver("hello", "backoff { min = 1h, max = 1h }");
        RefuseConnect();
        _events.FishForMessage<BackingOff>(_ => true);
        sender.Tell(new Retry("t"), TestActor);
        Assert.Equal(new Retrying("t"), ExpectMsg<Retrying>());
        var connection = Connect();
        sender.Tell(new Retry("t"), TestActor);
        Assert.Equal(new NotRetrying("t"), ExpectMsg<NotRetrying>());
        Confirm(connection, "hello");
        Assert.Equal(2, ExpectMsg<Sent>().Report.Attempts);
        sender.Tell(new Retry("t"), TestActor);
        Assert.Equal(new NotRetrying("t"), ExpectMsg<NotRetrying>());
    }

    [Fact]
    public void Cancels_what_is_under_way_and_what_waits_and_goes_on_with_the_rest()
    {
        var sender = Deliver("first");
        var connection = Connect();
        sender.Tell(new Deliver("2", "t", new TextPayload("second")), TestActor);
        sender.Tell(new Deliver("3", "t", new TextPayload("third")), TestActor);
        foreach (var id in (string[])["2", "1"])
        {
            sender.Tell(new Cancel(id, "t"), TestActor);
            Assert.Equal(new Cancelled("t", id), ExpectMsg<Cancelled>());
            Assert.True(ExpectMsg<Failed>() is { Reason: "cancelled" } failed && failed.Id == id);
        }

        connection.ExpectWrite();
        connection.ExpectAborted();
        Confirm(Connect(), "third");
        Assert.Equal("3", ExpectMsg<Sent>().Id);
        sender.Tell(new Cancel("3", "t"), TestActor);
        Assert.Equal(new NotCancelled("t", "3"), ExpectMsg<NotCancelled>());
    }

    [Fact]
    public void Rejects_an_id_that_is_under_way_already()
    {
        var sender = Deliver("first");
        sender.Tell(new Deliver("1", "t", new TextPayload("second")), TestActor);
        Assert.Equal("a delivery with this id is waiting or under way", ExpectMsg<Rejected>().Reason);
    }

    [Fact]
    public void Draining_takes_nothing_new_and_finishes_what_there_is()
    {
        var sender = Deliver("first");
        sender.Tell(new Drain(), TestActor);
        sender.Tell(new Deliver("2", "t", new TextPayload("second")), TestActor);
        Assert.Equal("shutting down", ExpectMsg<Rejected>().Reason);
        Confirm(Connect(), "first");
        ExpectMsg<Sent>();
    }

    [Fact]
    public void A_payload_that_cannot_be_read_fails_at_once_and_says_why()
    {
        Deliver(new FilePayload("/no/such/file"));
        var failed = ExpectMsg<Failed>();
        Assert.Contains("/no/such/file", failed.Reason, StringComparison.Ordinal);
        Assert.Equal(1, failed.Report.Attempts);
    }

    [Fact]
    public void A_payload_that_became_shorter_fails()
    {
        Deliver(new ShrinkingPayload());
        Connect();
        Assert.Equal("shrinking became shorter while it was being sent: 10 of 1000 B", ExpectMsg<Failed>().Reason);
    }

    [Fact]
    public void A_stream_is_sent_while_it_grows_and_finished_at_its_end()
    {
        using var growing = new GrowingStream();
        Deliver(growing.Payload);
        var connection = Connect();
        growing.Grow("hello ");
        Assert.Equal("hello ", connection.TakeWrite());
        Assert.Null(_events.FishForMessage<Connected>(_ => true).Length);
        growing.Grow("world");
        Assert.Equal("world", connection.TakeWrite());
        growing.End();
        connection.ExpectFinish();
        connection.PeerCloses();
        Assert.Equal((11, 11), (ExpectMsg<Sent>().Report is var report ? report.Length : null, report.Taken));
    }

    [Fact]
    public void A_stream_that_has_nothing_to_give_is_not_given_up()
    {
        using var growing = new GrowingStream();
        Deliver(growing.Payload, "give-up-after = 1m");
        var connection = Connect();
        Advance(TimeSpan.FromSeconds(1));
        growing.Grow("hello");
        Assert.Equal("hello", connection.TakeWrite());
        _events.FishForMessage<Progressed>(p => p.Taken == 5);
        for (var minute = 0; minute < 60; minute++)
            Advance(TimeSpan.FromMinutes(1));
        growing.Grow("!");
        Assert.Equal("!", connection.TakeWrite());
        _events.FishForMessage<Progressed>(p => p.Taken == 6);
        for (var minute = 0; minute < 60; minute++)
            Advance(TimeSpan.FromMinutes(1));
        connection.Breaks();
        Assert.Equal(FailureKind.ConnectionLost, _events.FishForMessage<BackingOff>(_ => true).Kind);
        Advance(LongestBackoff);
        Assert.Equal("hello!", Connect().TakeWrite());
    }

    [Fact]
    public void A_target_that_refuses_is_given_up_although_the_stream_is_silent()
    {
        using var growing = new GrowingStream();
        Deliver(growing.Payload, "give-up-after = 1s");
        RefuseConnect();
        Assert.StartsWith("no progress for 1 s (give-up-after)", AdvanceUntilTold<Failed>(TimeSpan.FromSeconds(1)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_that_fails_resets_the_connection_at_once_also_when_the_target_takes_nothing()
    {
        using var growing = new GrowingStream();
        Deliver(growing.Payload);
        var connection = Connect();
        growing.Grow("hello");
        connection.ExpectWrite();
        growing.Fail("gone");
        Assert.Equal((FailureKind.Payload, "growing cannot be read: gone"), (ExpectMsg<Failed>() is var failed ? failed.Kind : default, failed.Reason));
        Assert.Null(failed.Report.Length);
        connection.ExpectAborted();
    }

    [Fact]
    public void A_stream_that_fails_while_its_target_is_away_is_not_tried_again()
    {
        using var growing = new GrowingStream();
        var sender = Deliver(growing.Payload);
        RefuseConnect();
        _events.FishForMessage<BackingOff>(_ => true);
        sender.Tell(new Deliver("2", "t", growing.Payload), TestActor);
        growing.Fail("gone");
        Assert.Equal(["1", "2"], new[] { ExpectMsg<Failed>().Id, ExpectMsg<Failed>().Id }.Order());
    }

    [Fact]
    public void A_crash_of_the_connection_actor_starts_the_delivery_again_under_the_same_id()
    {
        var payload = new CrashingOncePayload();
        Deliver(payload);
        Assert.Equal("the connection actor crashed", _events.FishForMessage<BackingOff>(_ => true).Reason);
        Advance(LongestBackoff);
        Confirm(Connect(), "hello");
        Assert.Equal("1", ExpectMsg<Sent>().Id);
    }

    private IActorRef Deliver(string text, string hocon = "", int repeat = 1) => Deliver(new TextPayload(Repeated(text, repeat)), hocon);

    private IActorRef Deliver(Payload payload, string hocon = "")
    {
        var target = Target(hocon);
        var sender = Sys.ActorOf(SenderActor.Props(target, new DeliveryQueue(target.MaxQueued), Sys.ActorOf(ConnectGate.Props(1, 1)), _connector));
        sender.Tell(new Deliver("1", "t", payload), TestActor);
        return sender;
    }

    private ScriptedConnection Connect()
    {
        var connect = _connector.Next();
        Assert.Equal(("127.0.0.1", 9), (connect.Host, connect.Port));
        return connect.Accept();
    }

    private void RefuseConnect() => _connector.Next().Refuse();

    private static void Confirm(ScriptedConnection connection, string expected)
    {
        Assert.Equal(expected, connection.TakeWrite());
        connection.ExpectFinish();
        connection.PeerCloses();
    }

    /// <summary>A timer that is started by a message that is still under way is not there yet when time is advanced once.</summary>
    private T AdvanceUntilTold<T>(TimeSpan step)
    {
        AwaitCondition(() =>
        {
            Advance(step);
            return HasMessages;
        }, TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(5));
        return ExpectMsg<T>();
    }

    private static string Repeated(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private sealed record ShrinkingPayload : Payload
    {
        public override string Description => "shrinking";

        public override Stream Open() => new Bytes(10, claimed: 1000);
    }

    private sealed record CrashingOncePayload : Payload
    {
        private int _opened;

        public override string Description => "crashing";

        public override Stream Open() =>
            Interlocked.Increment(ref _opened) == 1 ? new Bytes(10, claimed: 10) { Crashes = true } : new MemoryStream("hello"u8.ToArray());
    }

    private sealed class Bytes(int actual, int claimed) : MemoryStream(new byte[actual])
    {
        public bool Crashes { get; init; }

        public override long Length => Crashes ? throw new InvalidOperationException("a fault of ours") : claimed;
    }
}
