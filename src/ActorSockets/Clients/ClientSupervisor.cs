using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Protocols;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// One <see cref="SenderActor"/> per target, or the <see cref="LineActor"/> above it, and the way to them. A sender that crashes is restarted on the same queue:
/// a replacement by a new actor would lose what waits in the old one's mailbox. In a cluster, the lines of durable targets run on some node: here
/// is only the way into the outbox.
/// </summary>
internal sealed class ClientSupervisor : UntypedActor
{
    // The payload's file and the socket.
    private const int HandlesPerAttempt = 2;

    private readonly IReadOnlyList<TargetSettings> _targets;
    private readonly int _maxConnecting;
    private readonly IConnector _connector;
    private readonly OutboxAccess _outbox;
    private readonly TargetLines? _placed;
    private readonly DrainCount _draining = new(new Deliveries.Drained());
    private readonly NamedChildren _senders = new();
    private IActorRef _gate = ActorRefs.Nobody;
    private bool _stopping;

    public ClientSupervisor(IReadOnlyList<TargetSettings> targets, int maxConnecting, IConnector connector, OutboxAccess outbox, TargetLines? placed)
    {
        _outbox = outbox;
        _placed = placed;
        _targets = targets;
        _maxConnecting = maxConnecting;
        _connector = connector;
    }

    /// <param name="targets">The targets.</param>
    /// <param name="maxConnecting">Connections that they may be opening at a time.</param>
    /// <param name="connector">Opens connections.</param>
    /// <param name="outbox">The outbox.</param>
    /// <param name="placed">Gets the lines of durable targets, to run them where their turn is; null: they run here.</param>
    public static Props Props(IReadOnlyList<TargetSettings> targets, int maxConnecting, IConnector connector, OutboxAccess outbox, TargetLines? placed = null) =>
        PlainProps.Of(() => new ClientSupervisor(targets, maxConnecting, connector, outbox, placed));

    protected override void PreStart()
    {
        _gate = Context.ActorOf(ConnectGate.Props(_maxConnecting, Math.Max(1, Posix.SpareHandles() / HandlesPerAttempt)), ConnectGate.Name);
        foreach (var target in _targets)
            Add(target);
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Deliveries.Deliver deliver when _senders.Find(deliver.Target) is { } sender:
                sender.Forward(deliver);
                break;
            case Deliveries.Deliver deliver:
                var rejected = new Deliveries.Rejected(deliver.Target, deliver.Id, $"there is no target named {deliver.Target}");
                Context.System.EventStream.Publish(rejected);
                Sender.Tell(rejected);
                break;
            case Deliveries.Cancel cancel when _senders.Find(cancel.Target) is { } sender:
                sender.Forward(cancel);
                break;
            case Deliveries.Cancel cancel:
                Sender.Tell(new Deliveries.NotCancelled(cancel.Target, cancel.Id));
                break;
            case Deliveries.Retry retry when _senders.Find(retry.Target) is { } sender:
                sender.Forward(retry);
                break;
            case Deliveries.Retry retry:
                Sender.Tell(new Deliveries.NotRetrying(retry.Target));
                break;
            case TargetCommands.Add add when _stopping || _senders.Contains(add.Target.Name):
                Sender.Tell(new TargetCommands.NotAdded(add.Target.Name, _stopping ? "the system is stopping" : $"there is a target named {add.Target.Name} already"));
                break;
            case TargetCommands.Add add:
                Add(add.Target);
                Tell(new Deliveries.TargetAdded(add.Target.Name, add.Target.Endpoint), [Sender]);
                break;
            case TargetCommands.Remove remove when _senders.Dismiss(remove.Target, Sender) is { } sender:
                _placed?.Remove(remove.Target);
                sender.Tell(remove.CutOff ? new Deliveries.CutOff() : new Deliveries.Drain());
                break;
            case TargetCommands.Remove remove:
                Sender.Tell(new Deliveries.TargetRemoved(remove.Target));
                break;
            case Deliveries.Drain or Deliveries.CutOff:
                _stopping = true;
                _draining.Begin(message, _senders.All, Sender);
                break;
            case Deliveries.Drained when _senders.IsLeaving(Sender):
                Context.Stop(Sender);
                break;
            case Deliveries.Drained:
                _draining.Done(Sender);
                break;
            case Terminated terminated:
                _draining.Done(terminated.ActorRef);
                var (name, askers) = _senders.Remove(terminated.ActorRef);
                Tell(new Deliveries.TargetRemoved(name), askers);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Add(TargetSettings target)
    {
        var sender = Context.ActorOf(target.Durable ? LineProps(target) : SenderProps(target), target.Name);
        Context.Watch(sender);
        _senders.Add(target.Name, sender);
    }

    private Props LineProps(TargetSettings target)
    {
        var line = LineActor.Props(target, _outbox, SenderProps);
        if (_placed is null)
            return line;
        _placed.Add(target, line);
        return LineIntakeActor.Props(target, _outbox);
    }

    /// <summary>The queue is the first sender's and its replacements'.</summary>
    private Props SenderProps(TargetSettings target)
    {
        var queue = new DeliveryQueue(target.MaxQueued);
        return target.Protocol == Protocol.Deliveries
            ? PipelineSenderActor.Props(target, queue, _gate, _connector)
            : SenderActor.Props(target, queue, _gate, _connector);
    }

    private static void Tell(Deliveries.ITargetChange change, IReadOnlyList<IActorRef> askers)
    {
        Context.System.EventStream.Publish(change);
        foreach (var asker in askers)
            asker.Tell(change);
    }
}
