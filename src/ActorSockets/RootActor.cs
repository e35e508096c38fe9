using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Ticker;
using Akka.Actor;

namespace ActorSockets;

/// <summary>The one actor of this library at the top of its host's tree: <c>servers</c>, <c>clients</c> and <c>ticker</c> are below it.</summary>
internal sealed class RootActor : UntypedActor
{
    private readonly IActorRef _servers;
    private readonly IActorRef _clients;

    public RootActor(Props servers, Props clients, TickerSettings ticker)
    {
        _servers = Context.ActorOf(servers, "servers");
        _clients = Context.ActorOf(clients, "clients");
        if (ticker.Enabled)
            Context.ActorOf(TickerActor.Props(ticker.Interval), "ticker");
    }

    public static Props Props(Props servers, Props clients, TickerSettings ticker) => PlainProps.Of(() => new RootActor(servers, clients, ticker));

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
