using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Cluster;

namespace ActorSockets.Cluster;

/// <summary>Publishes who joins the cluster, who is silent, and who is out.</summary>
internal sealed class MembersActor : UntypedActor
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly HashSet<UniqueAddress> _up = [];

    public static Props Props() => PlainProps.Of(() => new MembersActor());

    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));

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
                Publish(new ClusterEvents.NodeOut(NameOf(removed.Member), _up.Count));
                break;
            case ClusterEvent.IMemberEvent:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private static string NameOf(Member member) => Endpoints.Format(member.Address.Host ?? "", member.Address.Port ?? 0);

    private static void Publish(ClusterEvents.IClusterEvent happened) => Context.System.EventStream.Publish(happened);
}
