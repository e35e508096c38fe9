using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Cluster;

/// <summary>
/// Joins the cluster by the nodes that the database knows; where there are none, this node begins one.
/// <code>
///   Looking ──others are in a cluster──► asks them to let it in, again and again ──► Member: says so each second
///      │ └──they have other settings, or one is this node──► ends                      ▲
///      └──nobody is──► begins a cluster ───────────────────────────────────────────────┘
/// </code>
/// With a list of seed nodes instead, the first of them, started again while it is cut off from the others, would begin a second cluster beside theirs.
/// A member that was stopped for so long that the others may have taken it out ends: it would take them for dead, one after another, and go on alone.
/// So does one that finds the others in a cluster without it (<see cref="SplitWatch"/>).
/// </summary>
internal sealed class JoinerActor(OutboxAccess access, ClusterSettings settings, ITargetLines lines, Action<string> end) : UntypedActor, IWithTimers
{
    // Of others that are in the cluster and may be about to connect to the database again.
    private const int ShortLooks = 5;

    // The nodes that were asked may be gone meanwhile.
    private const int LooksUntilAskedAgain = 5;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // Of one that the others do not let in: until it says so, and says so again.
    private const int LooksUntilSaid = 10;
    private const int LooksUntilSaidAgain = 60;

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly string _settings =
        $"heartbeat-pause = {Durations.Format(settings.HeartbeatPause)}, stable-after = {Durations.Format(settings.StableAfter)}, {(settings.Tls is null ? "no tls" : "tls")}";

    private readonly OtherTargets _others = new();
    private readonly SplitWatch _split = new();
    private IOutbox? _outbox;
    private NodePresence _state = NodePresence.Looking;
    private TimeSpan _lookedAt = Context.System.Scheduler.MonotonicClock;
    private bool _isLooking;
    private int _looks;
    private int _asked = -LooksUntilAskedAgain;
    private int _waiting;

    /// <param name="access">The outbox, which all nodes share.</param>
    /// <param name="settings">This node.</param>
    /// <param name="lines">Its targets.</param>
    /// <param name="end">Ends it, and gets why.</param>
    public static Props Props(OutboxAccess access, ClusterSettings settings, ITargetLines lines, Action<string> end) => PlainProps.Of(() => new JoinerActor(access, settings, lines, end));

    public ITimerScheduler Timers { get; set; } = null!;

    private ClusterPeer Node => new(MembersActor.NameOf(_cluster.SelfAddress), _settings, lines.Digest);

    protected override void PreStart()
    {
        var self = Self;
        _cluster.RegisterOnMemberUp(() => self.Tell(Signal.Up));
        Context.System.EventStream.Subscribe(self, typeof(TargetEntity.Rest));
        access.Opened.PipeTo(self, success: opened => opened, failure: _ => Signal.NotOpened);
    }

    protected override void OnReceive(object message)
    {
        if (message is Signal.Look)
            Watch();
        switch (message)
        {
            case OpenOutbox opened:
                _outbox = opened.Outbox;
                Timers.StartPeriodicTimer(Signal.Look, Signal.Look, TimeSpan.Zero, LookInterval);
                break;
            case Signal.NotOpened:
                // The outbox says so, and the program ends.
                break;
            case Signal.Look when !_isLooking:
                Meet();
                break;
            case Met met:
                _isLooking = false;
                if (_state is NodePresence.Looking or NodePresence.LookingLong)
                    Join(met.Nodes);
                else
                    Compare(met.Nodes);
                if (_state == NodePresence.Member)
                    EndSplit(met.Nodes);
                Context.System.EventStream.Publish(new Seen(met.Nodes.Select(node => node.Name).ToHashSet(StringComparer.Ordinal)));
                break;
            case Exists exists:
                end(exists.Reason);
                // The row in the table is the other one's.
                Context.Stop(Self);
                break;
            case NotMet:
                _isLooking = false;
                break;
            case Signal.Up:
                _state = NodePresence.Member;
                break;
            case TargetEntity.Rest:
                _state = NodePresence.Leaving;
                Timers.CancelAll();
                if (_outbox is not null)
                    Meet();
                break;
            case Signal:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Watch()
    {
        var now = Context.System.Scheduler.MonotonicClock;
        if (_state == NodePresence.Member && now - _lookedAt is var pause && pause > 3 * LookInterval && pause > settings.HeartbeatPause + settings.StableAfter)
        {
            end($"this node is out: it was stopped for {Durations.Format(TimeSpan.FromSeconds(Math.Ceiling(pause.TotalSeconds)))}, and the others may have its targets "
                + "(heartbeat-pause and stable-after). Start it again");
        }

        _lookedAt = now;
    }

    private void Meet()
    {
        _isLooking = true;
        if (++_looks > ShortLooks && _state == NodePresence.Looking)
            _state = NodePresence.LookingLong;
        _outbox!.MeetAsync(Node, _state).PipeTo(Self, success: nodes => new Met(nodes), failure: e => e is NodeExistsException ? new Exists(e.Message) : new NotMet());
    }

    private void Join(IReadOnlyList<ClusterPeer> nodes)
    {
        if (nodes.FirstOrDefault(node => node.Settings != _settings) is { } other)
        {
            Timers.CancelAll();
            end($"this node has {_settings}; {other.Name}, which was in the cluster within the last 10 s, has {other.Settings}. All nodes need the same: to change them, stop all nodes once");
            return;
        }

        if (nodes.Count == 0)
            return;
        if (++_waiting % LooksUntilSaidAgain == LooksUntilSaid)
        {
            Context.GetLogger().Warning(
                "cluster: this node is in none yet: {0} did not let it in for {1} s. Do they reach it at {2} (cluster.host), and does it reach them?{3} akka.loglevel = INFO shows what Akka says",
                string.Join(", ", nodes.Select(node => node.Name)), _waiting, Node.Name, settings.Tls is null ? "" : " Has a CA of theirs signed its certificate (cluster.tls)?");
        }

        if (_looks - _asked < LooksUntilAskedAgain)
            return;
        _asked = _looks;
        if (nodes is [var only] && only.Name == Node.Name)
            _cluster.Join(_cluster.SelfAddress);
        else
            _cluster.JoinSeedNodes(nodes.Select(node => AddressOf(node.Name)));
    }

    private void Compare(IReadOnlyList<ClusterPeer> nodes)
    {
        foreach (var node in _others.Look(lines.Digest, nodes))
            Context.GetLogger().Warning("cluster: {0} has other targets than this node, by name, endpoint, protocol or tls, and sends where its own file says: give both the same file, and reload it", node);
    }

    private void EndSplit(IReadOnlyList<ClusterPeer> nodes)
    {
        var mates = _cluster.State.Members.Select(member => MembersActor.NameOf(member.Address)).ToHashSet(StringComparer.Ordinal);
        if (_split.Look(Node.Name, nodes, mates.Contains) is { Count: > 0 } others)
            end($"this node is out: {string.Join(", ", others)} {(others.Count == 1 ? "is" : "are")} in a cluster without it, which stays. Start it again");
    }

    private Address AddressOf(string node)
    {
        var colon = node.LastIndexOf(':');
        return new Address(_cluster.SelfAddress.Protocol, _cluster.SelfAddress.System, node[..colon].Trim('[', ']'), int.Parse(node.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    /// <summary>Nodes that say in the database that they are in a cluster; each second.</summary>
    internal sealed record Seen(IReadOnlySet<string> Nodes) : IDeadLetterSuppression;

    private enum Signal
    {
        Look,
        Up,
        NotOpened,
    }

    private sealed record Met(IReadOnlyList<ClusterPeer> Nodes) : IDeadLetterSuppression;

    private sealed record Exists(string Reason) : IDeadLetterSuppression;

    private sealed record NotMet : IDeadLetterSuppression;
}
