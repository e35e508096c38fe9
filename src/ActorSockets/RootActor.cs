using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Ticker;
using Akka.Actor;

namespace ActorSockets;

/// <summary>The one actor of this library at the top of its host's tree: <c>servers</c>, <c>clients</c> and <c>ticker</c> are below it; with TLS, <c>certificates</c> too.</summary>
internal sealed class RootActor : UntypedActor
{
    private readonly IActorRef _servers;
    private readonly IActorRef _clients;

    public RootActor(Props servers, Props clients, TickerSettings ticker, Props? certificates)
    {
        _servers = Context.ActorOf(servers, "servers");
        _clients = Context.ActorOf(clients, "clients");
        if (ticker.Enabled)
            Context.ActorOf(TickerActor.Props(ticker.Interval), "ticker");
        if (certificates is not null)
            Context.ActorOf(certificates, "certificates");
    }

    public static Props Props(Props servers, Props clients, TickerSettings ticker, Props? certificates) =>
        PlainProps.Of(() => new RootActor(servers, clients, ticker, certificates));

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Deliveries.ICommand:
                _clients.Forward(message);
                break;
            case ServerEvents.ICommand:
                _servers.Forward(message);
                break;
            default:
                Unhandled(message);
                break;
        }
    }
}
