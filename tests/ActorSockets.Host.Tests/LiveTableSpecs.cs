using ActorSockets.Events;
using ActorSockets.Events.Overview;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Reporting;
using Akka.Configuration;

namespace ActorSockets.Host.Tests;

/// <summary>From events to rows, without a terminal.</summary>
public sealed class LiveTableSpecs
{
    private static readonly Deliveries.Report Done = new(1000, 1000, 0, 1, TimeSpan.FromSeconds(3), TimeSpan.Zero);

    private readonly OverviewState _state = Overview(25);
    private TimeSpan _now = TimeSpan.FromSeconds(100);

    [Fact]
    public void A_target_is_shown_with_what_it_does()
    {
        var state = Overview(1);
        Assert.Contains("waiting", Row(state, "t-1"), StringComparison.Ordinal);
        state.Add(new Deliveries.Connecting("t-1", "", 1, "127.0.0.1:1"), _now);
        Assert.Contains("connecting", Row(state, "t-1"), StringComparison.Ordinal);
        state.Add(new Deliveries.Connected("t-1", "", 1, "127.0.0.1:1", 4000), _now);
        state.At(_now);
        _now += TimeSpan.FromSeconds(2);
        state.Add(new Deliveries.Progressed("t-1", "", 1000, 4000), _now);
        Assert.Matches(@"━{5}─{15} +25 % +1000 B +500 B/s sending, 6 s left", Row(state, "t-1"));
        state.Add(new Deliveries.Blocked("t-1", "", 1000, 3000, TimeSpan.FromSeconds(1)), _now);
        _now += TimeSpan.FromSeconds(2.2);
        Assert.Contains("blocked 3.2 s", Row(state, "t-1"), StringComparison.Ordinal);
        state.Add(new Deliveries.Unblocked("t-1", "", TimeSpan.FromSeconds(3.2)), _now);
        state.Add(new Deliveries.BackingOff("t-1", "", 1, FailureKind.ConnectionLost, "broken [x]", 1000, TimeSpan.FromSeconds(4)), _now);
        Assert.Contains("backing off 4 s: broken [x]", Row(state, "t-1"), StringComparison.Ordinal);
        state.Add(new Deliveries.Confirming("t-1", ""), _now);
        Assert.Matches("100 % .*confirming 0 ms", Row(state, "t-1"));
        state.Add(new Deliveries.Delivered("t-1", "", Done), _now);
        Assert.Contains("delivered in 3 s", Row(state, "t-1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Eighty_columns_have_room_for_name_percent_bytes_rate_and_state()
    {
        var name = "target-number-1-of-many-x";
        var state = Overview(0, name);
        state.Add(new Deliveries.Connected(name, "", 1, "127.0.0.1:1", 400_000_000), _now);
        state.At(_now);
        _now += TimeSpan.FromSeconds(2);
        state.Add(new Deliveries.Progressed(name, "", 200_000_000, 400_000_000), _now);
        var line = Assert.Single(Table(state).Render(80, 24).Select(Plain), l => l.StartsWith("target-", StringComparison.Ordinal));
        Assert.Matches(@"^target-number-1-of-many… +50 % +190\.7 MiB +95\.4 MiB/s sending, 2 s left", line);
        Assert.InRange(line.TrimEnd().Length, 1, 80);
    }

    [Theory]
    [InlineData(80, 0)]
    [InlineData(80, -2)]
    [InlineData(20, 24)]
    public void A_terminal_without_room_has_no_table(int width, int height) => Assert.Empty(Table(_state).Render(width, height));

    [Fact]
    public void A_server_is_shown_with_its_connections_and_all_that_they_sent()
    {
        var server = "s";
        _state.Add(new ServerEvents.Bound(server, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 4711)), _now);
        foreach (var peer in new[] { "a", "b" })
            _state.Add(new ServerEvents.Accepted(server, peer), _now);
        _state.Add(new ServerEvents.Received(server, "a", 1024), _now);
        _state.Add(new ServerEvents.Received(server, "a", 2048), _now);
        _state.Add(new ServerEvents.Completed(server, "a", 3072, TimeSpan.Zero, null, null), _now);
        Assert.Matches(@"3 KiB .*127\.0\.0\.1:4711, 1 open, 2 in all", Row(_state, "s "));
    }

    [Fact]
    public void A_node_shows_how_many_nodes_there_are_and_what_it_runs()
    {
        Assert.DoesNotContain(Table(_state).Render(100, 40), l => l.Contains("nodes:", StringComparison.Ordinal));
        _state.Add(new ClusterEvents.ClusterMeasured([]), _now);
        Assert.Contains("nodes: not joined yet", Row(_state, "cluster"), StringComparison.Ordinal);
        _state.Add(new ClusterEvents.ClusterMeasured([
            new("a:1", true, ClusterEvents.NodeState.Up, [], 1), new("b:1", false, ClusterEvents.NodeState.Unreachable, [], 9), new("c:1", false, ClusterEvents.NodeState.Up, [], 9),
        ]), _now);
        Assert.Contains("nodes: 2 up, 1 unreachable; 1 target here", Row(_state, "cluster"), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_targets_there_is_a_row_for_all_and_one_for_each_in_trouble()
    {
        for (var i = 1; i <= 22; i++)
            _state.Add(new Deliveries.Delivered($"t-{i}", "", Done), _now);
        _state.Add(new Deliveries.Failed("t-23", "", FailureKind.Refused, "gone", Done), _now);
        _state.Add(new Ticked(7, TimeSpan.FromMilliseconds(2)), _now);
        var lines = Table(_state).Render(100, 40);
        Assert.Equal(4, lines.Count);
        Assert.Contains("25 targets", lines[1], StringComparison.Ordinal);
        Assert.Contains("2 waiting, 22 delivered, 1 failed", lines[1], StringComparison.Ordinal);
        Assert.Matches("t-23.*failed: gone", lines[2]);
        Assert.Contains("7, late by 2 ms, at most 2 ms", lines[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(4)]
    public void What_there_is_no_room_for_is_counted(int height)
    {
        for (var i = 1; i <= 25; i++)
            _state.Add(new Deliveries.Failed($"t-{i}", "", FailureKind.Refused, "gone", Done), _now);
        var lines = Table(_state).Render(100, height);
        Assert.InRange(lines.Count, 1, height);
        Assert.Contains(lines, l => l.Contains("25 targets", StringComparison.Ordinal));
        Assert.Contains("more in trouble", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_of_lines_counts_what_it_leaves_out()
    {
        var limit = new LineLimit(2);
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => limit.TryTake(_now)));
        Assert.Equal(1, limit.LeftOut);
        Assert.True(limit.TryTake(_now + TimeSpan.FromSeconds(1)));
    }

    private string Row(OverviewState state, string name) =>
        Assert.Single(Table(state).Render(120, 40).Select(Plain),
            l => l.StartsWith(name, StringComparison.Ordinal));

    private LiveTable Table(OverviewState state) => new(state.At(_now), 20);

    private static OverviewState Overview(int targets, string other = "other") => Settings(targets, other).Library.CreateOverview();

    private static string Plain(string line) => System.Text.RegularExpressions.Regex.Replace(line, @"\e\[\d+m", "");

    private static ProgramSettings Settings(int targets, string other = "other") => ProgramSettings.From(ConfigurationFactory.ParseString($$"""
        actor-sockets {
          servers { s { port = 0 } }
          target-defaults.payload.text = x
          targets { {{(targets == 0 ? $"{other} {{ port = 1 }}" : "")}} {{string.Join('\n', Enumerable.Range(1, targets).Select(i => $"t-{i} {{ port = {i} }}"))}} }
        }
        """));
}
