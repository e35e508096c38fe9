using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Protocols;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// One <see cref="SenderActor"/> per target, and the way to them. A sender that crashes is restarted on the same queue:
/// a replacement by a new actor would lose what waits in the old one's mailbox.
/// </summary>
internal sealed class ClientSupervisor : UntypedActor
{
    // The payload's file and the socket.
    private const int HandlesPerAttempt = 2;

    private readonly IReadOnlyList<TargetSettings> _targets;
    private readonly int _maxConnecting;
    private readonly IConnector _connector;
    private readonly DrainCount _draining = new(new Deliveries.Drained());
    private readonly Dictionary<string, IActorRef> _senders = new(StringComparer.Ordinal);

    public ClientSupervisor(IReadOnlyList<TargetSettings> targets, int maxConnecting, IConnector connector)
    {
        _targets = targets;
        _maxConnecting = maxConnecting;
        _connector = connector;
    }

    public static Props Props(IReadOnlyList<TargetSettings> targets, int maxConnecting, IConnector connector) =>
        PlainProps.Of(() => new ClientSupervisor(targets, maxConnecting, connector));

    protected override void PreStart()
    {
        var gate = Context.ActorOf(ConnectGate.Props(_maxConnecting, Math.Max(1, Posix.SpareHandles() / HandlesPerAttempt)), ConnectGate.Name);
        foreach (var target in _targets)
            _senders[target.Name] = Context.ActorOf(PropsOf(target, new DeliveryQueue(target.MaxQueued), gate, _connector), target.Name);
    }

    private static Props PropsOf(TargetSettings target, DeliveryQueue queue, IActorRef gate, IConnector connector) =>
        target.Protocol == Protocol.Deliveries
            ? PipelineSenderActor.Props(target, queue, gate, connector)
            : SenderActor.Props(target, queue, gate, connector);

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Deliveries.Deliver deliver when _senders.TryGetValue(deliver.Target, out var sender):
                sender.Forward(deliver);
                break;
            case Deliveries.Deliver deliver:
                var rejected = new Deliveries.Rejected(deliver.Target, deliver.Id, $"there is no target named {deliver.Target}");
                Sender.Tell(rejected);
                Context.System.EventStream.Publish(rejected);
                break;
            case Deliveries.Cancel cancel when _senders.TryGetValue(cancel.Target, out var sender):
                sender.Forward(cancel);
                break;
            case Deliveries.Cancel cancel:
                Sender.Tell(new Deliveries.NotCancelled(cancel.Target, cancel.Id));
                break;
            case Deliveries.Drain drain:
                _draining.Begin(drain, _senders.Values, Sender);
                break;
            case Deliveries.CutOff cutOff:
                _draining.Begin(cutOff, _senders.Values, Sender);
                break;
            case Deliveries.Drained:
                _draining.Done(Sender);
                break;
            default:
                Unhandled(message);
                break;
        }
    }
}
