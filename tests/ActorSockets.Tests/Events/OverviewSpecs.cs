using System.Net;
using ActorSockets.Events;
using ActorSockets.Events.Overview;

namespace ActorSockets.Tests.Events;

/// <summary>What events add up to.</summary>
public sealed class OverviewSpecs
{
    private readonly OverviewState _state = new();
    private TimeSpan _now = TimeSpan.FromSeconds(100);

    public OverviewSpecs()
    {
        _state.AddTarget("t", "127.0.0.1:9", expected: false);
        _state.AddServer("s", "127.0.0.1:0");
    }

    private TargetSnapshot Target => Assert.Single(_state.At(_now).Targets);

    private ServerSnapshot Server => Assert.Single(_state.At(_now).Servers);

    [Fact]
    public void The_bytes_of_failed_attempts_count_and_a_report_has_the_last_word()
    {
        Happen(new Deliveries.Connecting("t", "1", 1, "e"), new Deliveries.Connected("t", "1", 1, "e", 100), new Deliveries.Progressed("t", "1", 30, 100));
        Assert.Equal(30, Target.Totals.Bytes);
        Happen(new Deliveries.BackingOff("t", "1", 1, FailureKind.ConnectionLost, "reset", 40, TimeSpan.FromSeconds(1)));
        Assert.Equal(40, Target.Totals.Bytes);
        Happen(new Deliveries.Connecting("t", "1", 2, "e"), new Deliveries.Connected("t", "1", 2, "e", 100), new Deliveries.Progressed("t", "1", 50, 100));
        Assert.Equal((90, 50), (Target.Totals.Bytes, Target.Taken));
        Happen(new Deliveries.Sent("t", "1", Confirm.Close, Report(100, before: 41, attempts: 2)));
        var totals = Target.Totals;
        Assert.Equal((141, 1, 2, 1), (totals.Bytes, totals.Sent, totals.Attempts, totals.AttemptsFailed[FailureKind.ConnectionLost]));
        Assert.Equal((FailureKind.ConnectionLost, "reset"), (Target.LastFailure!.Kind, Target.LastFailure.Reason));
    }

    [Fact]
    public void The_queue_is_what_was_queued_less_what_began_or_was_cancelled()
    {
        Happen(new Deliveries.Connecting("t", "1", 1, "e"), new Deliveries.Queued("t", "2", 1), new Deliveries.Queued("t", "3", 2));
        Happen(new Deliveries.Failed("t", "2", FailureKind.Cancelled, "cancelled", Report(0)));
        Assert.Equal((1, Phase.Connecting, "1"), (Target.Waiting, Target.Phase, Target.Delivery));
        Happen(new Deliveries.Sent("t", "1", Confirm.None, Report(5)), new Deliveries.Connecting("t", "3", 1, "e"));
        Assert.Equal((0, Phase.Connecting, "3"), (Target.Waiting, Target.Phase, Target.Delivery));
        Happen(new Deliveries.Sent("t", "3", Confirm.None, Report(5)), new Deliveries.Connecting("t", "3", 1, "e"));
        Assert.Equal(0, Target.Waiting);
    }

    [Fact]
    public void A_target_that_the_outbox_counts_no_more_has_nothing_that_waits()
    {
        Happen(Measured(("t", 2)));
        Assert.Equal(2, Target.Waiting);
        // Another node has delivered them: this one has heard of neither.
        Happen(Measured(("other", 1)));
        Assert.Equal(0, Target.Waiting);
        Happen(new Deliveries.Connecting("t", "1", 1, "e"), new Deliveries.Queued("t", "2", 1), Measured());
        Assert.Equal(1, Target.Waiting);

        static OutboxEvents.OutboxMeasured Measured(params (string Target, long Waiting)[] lines) => new(0, 0, 0, null, lines.ToDictionary(l => l.Target, l => l.Waiting));
    }

    [Fact]
    public void Trouble_lasts_from_the_first_failure_to_the_first_byte_or_success()
    {
        Happen(new Deliveries.Connecting("t", "1", 1, "e"));
        Assert.False(Target.InTrouble);
        Happen(new Deliveries.BackingOff("t", "1", 1, FailureKind.Refused, "refused", 0, TimeSpan.FromSeconds(1)));
        _now += TimeSpan.FromSeconds(3);
        Happen(new Deliveries.Connecting("t", "1", 2, "e"));
        Assert.Equal(TimeSpan.FromSeconds(3), Target.Trouble);
        Happen(new Deliveries.Connected("t", "1", 2, "e", 10), new Deliveries.Progressed("t", "1", 1, 10));
        Assert.False(Target.InTrouble);
        Happen(new Deliveries.Blocked("t", "1", 1, 9, TimeSpan.FromSeconds(2)));
        Assert.Equal(TimeSpan.FromSeconds(2), Target.Trouble);
        Happen(new Deliveries.Unblocked("t", "1", TimeSpan.FromSeconds(2)), new Deliveries.Failed("t", "1", FailureKind.Busy, "busy", Report(1)));
        _now += TimeSpan.FromSeconds(7);
        Assert.Equal((TimeSpan.FromSeconds(7), Phase.Failed, 1), (Target.Trouble, Target.Phase, Target.Totals.Failed[FailureKind.Busy]));
        Happen(new Deliveries.Connecting("t", "2", 1, "e"), new Deliveries.Delivered("t", "2", Report(1)));
        Assert.False(Target.InTrouble);
    }

    [Fact]
    public void A_rejected_delivery_does_not_hide_the_one_under_way()
    {
        Happen(new Deliveries.Connecting("t", "1", 1, "e"), new Deliveries.Rejected("t", "2", "full"));
        Assert.Equal((Phase.Connecting, 1), (Target.Phase, Target.Totals.Rejected));
        Assert.True(Target.InTrouble);
    }

    [Fact]
    public void A_server_counts_its_connections_by_their_end()
    {
        Assert.Equal(ServerPhase.Binding, Server.Phase);
        Happen(new ServerEvents.Bound("s", new IPEndPoint(IPAddress.Loopback, 4711)));
        Assert.Equal((ServerPhase.Listening, "127.0.0.1:4711"), (Server.Phase, Server.Endpoint));
        foreach (var peer in new[] { "a", "b", "c", "d" })
            Happen(new ServerEvents.Accepted("s", peer), new ServerEvents.Received("s", peer, 3));
        Happen(new ServerEvents.Completed("s", "a", 10, TimeSpan.Zero, null, null), new ServerEvents.BrokenOff("s", "b", 4, "reset", null),
            new ServerEvents.ReceiptLost("s", "c", 5, TimeSpan.Zero, null, null, "reset"), new ServerEvents.Refused("s", RefusalKind.TooManyConnections, "max-connections = 4", 7, "e"));
        var server = Server;
        Assert.Equal((1, 4, 1, 1, 1, 7, 22), (server.Open, server.Accepted, server.Completed, server.BrokenOff, server.ReceiptsLost, server.Refused[RefusalKind.TooManyConnections], server.Bytes));
        Happen(new ServerEvents.ListenerLost("s", "gone", TimeSpan.FromSeconds(1)));
        Assert.Equal((ServerPhase.Lost, "gone"), (Server.Phase, Server.Reason));
    }

    [Fact]
    public void The_ticker_keeps_its_latest_tick_and_events_of_others_are_ignored()
    {
        Assert.Null(_state.At(_now).Ticker);
        Happen(new Ticked(1, TimeSpan.FromMilliseconds(3)), new Ticked(2, TimeSpan.FromMilliseconds(1)), new Deliveries.Rejected("unknown", "1", "no such target"));
        Assert.Equal(new TickerSnapshot(2, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(3)), _state.At(_now).Ticker);
        Assert.Single(_state.At(_now).Targets);
    }

    [Fact]
    public void The_cluster_is_what_was_measured_last()
    {
        Assert.Null(_state.At(_now).Cluster);
        var joined = new ClusterEvents.ClusterMeasured([new("127.0.0.1:7600", true, ClusterEvents.NodeState.Up, ["sender"], 2)]);
        Happen(new ClusterEvents.ClusterMeasured([]), joined, new ClusterEvents.NodeUp("127.0.0.1:7600", 1));
        Assert.Same(joined, _state.At(_now).Cluster);
    }

    private void Happen(params object[] events)
    {
        foreach (var happened in events)
            _state.Add(happened, _now);
    }

    private static Deliveries.Report Report(long taken, long before = 0, int attempts = 1) => new(taken, taken, before, attempts, TimeSpan.FromSeconds(1), TimeSpan.Zero);
}
