using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// One <see cref="SenderActor"/> per target, and the way to them. A sender that crashes is restarted on the same queue:
/// a replacement by a new actor would lose what waits in the old one's mailbox.
/// </summary>
internal sealed class ClientSupervisor : UntypedActor
{
    private readonly IReadOnlyList<TargetSettings> _targets;
    private readonly IActorRef _tcp;
    private readonly Dictionary<string, IActorRef> _senders = new(StringComparer.Ordinal);

    public ClientSupervisor(IReadOnlyList<TargetSettings> targets, IActorRef tcp)
    {
        _targets = targets;
        _tcp = tcp;
    }

    public static Props Props(IReadOnlyList<TargetSettings> targets, IActorRef tcp) =>
        Akka.Actor.Props.Create(() => new ClientSupervisor(targets, tcp));

    protected override void PreStart()
    {
        foreach (var target in _targets)
            _senders[target.Name] = Context.ActorOf(SenderActor.Props(target, new DeliveryQueue(target.MaxQueued), _tcp), target.Name);
    }

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
            default:
                Unhandled(message);
                break;
        }
    }
}
