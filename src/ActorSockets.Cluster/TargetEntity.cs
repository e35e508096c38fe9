using System.Collections.Concurrent;
using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Cluster;

/// <summary>
/// A target's sender on this node, as long as its shard is here.
/// <code>
///   Sending ──HandOver, or a reload──► HandingOver ──drained, or cut off──► stops
///      │  └──Rest: this node leaves──► Resting ──HandOver──► stops
///      └──another node sends──► Resting ──rest time──► stops; the next Wake starts it again
/// </code>
/// A node that was stopped or cut off may not know yet that it is out of the cluster. Were it to begin again at once, it and the node that
/// took over would take the target from each other in turns.
/// </summary>
internal sealed class TargetEntity : UntypedActor, IWithTimers
{
    // What is cut off goes on at the next node.
    private static readonly TimeSpan MostHandOver = TimeSpan.FromSeconds(8);

    private readonly string _target;
    private readonly ITargetLines _lines;
    private readonly TimeSpan _drainTimeout;
    private readonly TimeSpan _handOverTime;
    private readonly TimeSpan _restTime;
    private readonly ConcurrentDictionary<string, bool> _unknown;
    private readonly Func<bool> _isLeaving;
    private Props? _props;
    private IActorRef _line = ActorRefs.Nobody;

    public TargetEntity(string target, ITargetLines lines, TimeSpan drainTimeout, TimeSpan restTime, ConcurrentDictionary<string, bool> unknown, Func<bool> isLeaving)
    {
        _unknown = unknown;
        _isLeaving = isLeaving;
        _target = target;
        _lines = lines;
        _drainTimeout = drainTimeout;
        _handOverTime = drainTimeout < MostHandOver ? drainTimeout : MostHandOver;
        _restTime = restTime;
    }

    /// <param name="target">The target's name.</param>
    /// <param name="lines">The targets that this node knows.</param>
    /// <param name="drainTimeout">How long what is under way may go on when this node stops; 8 s at most when the target alone moves.</param>
    /// <param name="restTime">How long it sends nothing after another node has sent: longer than a node needs to find out that it is out.</param>
    /// <param name="unknown">Targets that were said not to be in this node's file.</param>
    /// <param name="isLeaving">Whether this node stops, or is out, and <see cref="Rest"/> was published or is about to be.</param>
    public static Props Props(string target, ITargetLines lines, TimeSpan drainTimeout, TimeSpan restTime, ConcurrentDictionary<string, bool> unknown, Func<bool> isLeaving) =>
        PlainProps.Of(() => new TargetEntity(target, lines, drainTimeout, restTime, unknown, isLeaving));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void PreStart()
    {
        Type[] subscribed = [typeof(Rest), typeof(Deliveries.TargetAdded), typeof(Deliveries.TargetRemoved)];
        foreach (var kind in subscribed)
            Context.System.EventStream.Subscribe(Self, kind);
        // After it has subscribed, so that no change falls between.
        _props = _lines.Find(_target);
        if (_isLeaving())
        {
            BeginRest();
            return;
        }

        if (_props is null)
        {
            if (_unknown.TryAdd(_target, true))
                Context.GetLogger().Warning("cluster: deliveries wait for the target {0}, and this node, whose turn it is, has no such target: give all nodes the same file and reload them, or cancel what waits (actorsockets queue)", _target);
            BeginRest();
            return;
        }

        _unknown.TryRemove(_target, out _);
        _line = Context.Watch(Context.ActorOf(_props, "line"));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterMessages.Wake when HasChanged:
            case Deliveries.ITargetChange change when change.Target == _target && HasChanged:
                // A reload has changed the target, or removed it: the next Wake finds what is there now.
                Drain(HandingOver, _handOverTime);
                break;
            case Deliveries.ITargetChange:
                break;
            case ClusterMessages.WakeForMore:
                _line.Tell(new TargetCommands.LookForMore());
                break;
            case ClusterMessages.Wake:
                // It runs, and its node looks at the table itself.
                break;
            case HandOver:
                Drain(HandingOver, _handOverTime);
                break;
            case Rest:
                Drain(Resting, _drainTimeout);
                break;
            case Terminated:
                BeginRest();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void HandingOver(object message)
    {
        switch (message)
        {
            case Deliveries.Drained or Terminated:
                Context.Stop(Self);
                break;
            case Signal.CutOff:
                _line.Tell(new Deliveries.CutOff());
                break;
        }
    }

    /// <summary>It sends nothing.</summary>
    private void Resting(object message)
    {
        switch (message)
        {
            case HandOver when Timers.IsTimerActive(Signal.CutOff):
                Become(HandingOver);
                break;
            case HandOver or Signal.Rested:
            case ClusterMessages.Wake when _props is null && _lines.Find(_target) is not null:
                // Or a reload has brought the target.
                Context.Stop(Self);
                break;
            case Deliveries.Drained or Terminated:
                Timers.Cancel(Signal.CutOff);
                break;
            case Signal.CutOff:
                _line.Tell(new Deliveries.CutOff());
                break;
        }
    }

    private bool HasChanged => !ReferenceEquals(_lines.Find(_target), _props);

    private void Drain(UntypedReceive next, TimeSpan time)
    {
        Become(next);
        _line.Tell(new Deliveries.Drain());
        Timers.StartSingleTimer(Signal.CutOff, Signal.CutOff, time);
    }

    private void BeginRest()
    {
        Become(Resting);
        Timers.StartSingleTimer(Signal.Rested, Signal.Rested, _restTime);
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    /// <summary>The shard goes to another node, or this node leaves.</summary>
    internal sealed class HandOver : IDeadLetterSuppression
    {
        public static readonly HandOver Instance = new();
    }

    /// <summary>To all of this node: it stops, or is out, and what is not under way is left to others.</summary>
    internal sealed class Rest : IDeadLetterSuppression
    {
        public static readonly Rest Instance = new();
    }

    private enum Signal
    {
        CutOff,
        Rested,
    }
}
