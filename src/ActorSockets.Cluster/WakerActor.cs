using System.IO.Hashing;
using System.Text;
using ActorSockets.Clients;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;

namespace ActorSockets.Cluster;

/// <summary>
/// Wakes the senders of targets that have something to be sent, through the shard region: those whose lines this node has made longer at once, and
/// all that wait each second. For the latter, each node that is up, reached and seen in the database takes its part of the targets: where the nodes
/// disagree for a moment about who is, a target is woken twice, or some seconds later.
/// </summary>
internal sealed class WakerActor(OutboxAccess access, IActorRef region) : UntypedActor, IWithTimers
{
    // Of two messages that there is more for a target; up to eight times as long while many come, since its sender then takes more at once.
    private static readonly TimeSpan MoreInterval = TimeSpan.FromMilliseconds(25);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly Gathered _more = new();
    private IReadOnlySet<string> _seen = new HashSet<string>();

    /// <param name="access">The outbox.</param>
    /// <param name="region">The shard region of the targets.</param>
    public static Props Props(OutboxAccess access, IActorRef region) => PlainProps.Of(() => new WakerActor(access, region));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Type[] subscribed = [typeof(OutboxActor.WorkWaits), typeof(JoinerActor.Seen), typeof(TargetEntity.Rest)];
        foreach (var kind in subscribed)
            Context.System.EventStream.Subscribe(Self, kind);
        access.Opened.PipeTo(Self, success: opened => opened, failure: _ => Signal.NotOpened);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case OpenOutbox opened:
                var self = Self;
                opened.Outbox.WhenUnheard(target => self.Tell(new More(target)));
                break;
            case More more when _more.Add(more.Target):
                TellOf(more.Target);
                break;
            case More:
                break;
            case Signal.Tick:
                foreach (var target in _more.Tick())
                    TellOf(target);
                if (_more.IsEmpty)
                    Timers.Cancel(Signal.Tick);
                break;
            case JoinerActor.Seen seen:
                _seen = seen.Nodes;
                break;
            case OutboxActor.WorkWaits waits:
                Wake(waits.Targets);
                break;
            case TargetEntity.Rest:
                // A target that it woke would begin here, or its Wake wait in the region, which cannot end then.
                Context.Stop(Self);
                break;
            case Signal.NotOpened:
                // The outbox says so, and the program ends.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void TellOf(string target)
    {
        region.Tell(new ClusterMessages.WakeForMore(target));
        if (!Timers.IsTimerActive(Signal.Tick))
            Timers.StartPeriodicTimer(Signal.Tick, Signal.Tick, MoreInterval);
    }

    private void Wake(IReadOnlyList<string> targets)
    {
        var state = _cluster.State;
        var nodes = state.Members.Where(member => member.Status is MemberStatus.Up && !state.Unreachable.Contains(member) && Looks(member)).Select(member => member.UniqueAddress).Order().ToArray();
        var own = Array.IndexOf(nodes, _cluster.SelfUniqueAddress);
        if (own < 0)
            return;
        foreach (var target in targets)
        {
            if (XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(target)) % (uint)nodes.Length == own)
                region.Tell(new ClusterMessages.Wake(target));
        }
    }

    /// <summary>One that does not reach the database does not know what waits there.</summary>
    private bool Looks(Member member) => member.UniqueAddress == _cluster.SelfUniqueAddress || _seen.Contains(MembersActor.NameOf(member.Address));

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    private enum Signal
    {
        Tick,
        NotOpened,
    }

    private sealed record More(string Target) : IDeadLetterSuppression;
}
