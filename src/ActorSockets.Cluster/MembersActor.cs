using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;

namespace ActorSockets.Cluster;

/// <summary>Publishes who joins the cluster, who is silent, who is out, and how many targets each runs.</summary>
internal sealed class MembersActor(IActorRef region) : UntypedActor, IWithTimers
{
    // The coordinator asks all nodes, and they all their shards.
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(5);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly HashSet<UniqueAddress> _up = [];
    private readonly Dictionary<Address, int> _targets = [];
    private ClusterEvents.ClusterMeasured? _measured;

    /// <param name="region">The shard region of the targets, or its proxy.</param>
    public static Props Props(IActorRef region) => PlainProps.Of(() => new MembersActor(region));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        _cluster.SendCurrentClusterState(Self);
        Timers.StartPeriodicTimer(Signal.Count, Signal.Count, CountInterval);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.MemberUp up:
                _up.Add(up.Member.UniqueAddress);
                Publish(new ClusterEvents.NodeUp(NameOf(up.Member), _up.Count));
                break;
            case ClusterEvent.UnreachableMember silent:
                Publish(new ClusterEvents.NodeUnreachable(NameOf(silent.Member)));
                break;
            case ClusterEvent.ReachableMember again:
                Publish(new ClusterEvents.NodeReachable(NameOf(again.Member)));
                break;
            case ClusterEvent.MemberRemoved removed:
                _up.Remove(removed.Member.UniqueAddress);
                _targets.Remove(removed.Member.Address);
                Publish(new ClusterEvents.NodeOut(NameOf(removed.Member), _up.Count));
                break;
            case ClusterEvent.IMemberEvent:
                break;
            case Signal.Count:
                region.Tell(new GetClusterShardingStats(CountInterval));
                return;
            case ClusterShardingStats stats:
                Count(stats);
                break;
            case ClusterEvent.CurrentClusterState state:
                Measure(state);
                return;
            default:
                Unhandled(message);
                return;
        }

        // The answer comes behind all events before it.
        _cluster.SendCurrentClusterState(Self);
    }

    /// <summary>When one node does not answer, the coordinator names none (Akka 1.5.73); a shard that did not answer is in no sum.</summary>
    private void Count(ClusterShardingStats stats)
    {
        foreach (var (address, ofNode) in stats.Regions)
        {
            if (ofNode.Failed.Count == 0)
                _targets[address] = ofNode.Stats.Values.Sum();
        }
    }

    private void Measure(ClusterEvent.CurrentClusterState state)
    {
        var measured = new ClusterEvents.ClusterMeasured([.. state.Members.Select(member => new ClusterEvents.Node(
            NameOf(member), member.UniqueAddress == _cluster.SelfUniqueAddress, StateOf(member, state.Unreachable.Contains(member)), [.. member.Roles.Order(StringComparer.Ordinal)],
            !member.HasRole(ClusterSettings.SenderRole) ? 0 : _targets.TryGetValue(member.Address, out var targets) ? targets : null))]);
        if (_measured is { } last && Differing(last).SequenceEqual(Differing(measured)))
            return;
        _measured = measured;
        Context.System.EventStream.Publish(measured);
    }

    // A node's roles never change, and lists are compared by reference.
    private static IEnumerable<object> Differing(ClusterEvents.ClusterMeasured measured) => measured.Nodes.Select(node => (object)(node.Name, node.State, node.Targets));

    private static ClusterEvents.NodeState StateOf(Member member, bool isUnreachable) =>
        isUnreachable && member.Status != MemberStatus.Down ? ClusterEvents.NodeState.Unreachable : Enum.Parse<ClusterEvents.NodeState>(member.Status.ToString());

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    /// <summary>What a node is called.</summary>
    public static string NameOf(Address address) => Endpoints.Format(address.Host ?? "", address.Port ?? 0);

    private static string NameOf(Member member) => NameOf(member.Address);

    private static void Publish(ClusterEvents.IClusterEvent happened) => Context.System.EventStream.Publish(happened);

    private enum Signal
    {
        Count,
    }
}
