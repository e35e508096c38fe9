using System.IO.Hashing;
using System.Text;
using ActorSockets.Clients;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Cluster;

namespace ActorSockets.Cluster;

/// <summary>
/// Wakes the senders of targets that have something to be sent, each second, through the shard region. Each node that is up and reached takes
/// its part of the targets: where the nodes disagree for a moment about who is, a target is woken twice, or some seconds later.
/// </summary>
internal sealed class WakerActor(IActorRef region) : UntypedActor
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);

    /// <param name="region">The shard region of the targets.</param>
    public static Props Props(IActorRef region) => PlainProps.Of(() => new WakerActor(region));

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(OutboxActor.WorkWaits));

    protected override void OnReceive(object message)
    {
        if (message is not OutboxActor.WorkWaits waits)
        {
            Unhandled(message);
            return;
        }

        var state = _cluster.State;
        var nodes = state.Members.Where(member => member.Status is MemberStatus.Up && !state.Unreachable.Contains(member)).Select(member => member.UniqueAddress).Order().ToArray();
        var own = Array.IndexOf(nodes, _cluster.SelfUniqueAddress);
        if (own < 0)
            return;
        foreach (var target in waits.Targets)
        {
            if (XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(target)) % (uint)nodes.Length == own)
                region.Tell(new ClusterMessages.Wake(target));
        }
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);
}
