using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Events.Overview;
using ActorSockets.Platform;
using ActorSockets.Servers;
using ActorSockets.Ticker;
using Akka.Actor;

namespace ActorSockets;

/// <summary>The one actor of this library at the top of its host's tree: <c>outbox</c>, <c>servers</c>, <c>clients</c>, <c>ticker</c> and <c>overview</c> are below it; with TLS, <c>certificates</c> too.</summary>
internal sealed class RootActor : UntypedActor
{
    private readonly IActorRef _servers;
    private readonly IActorRef _clients;
    private readonly IActorRef _overview = ActorRefs.Nobody;
    private readonly Props _certificates;
    private IActorRef? _watcher;

    public RootActor(Props servers, Props clients, TickerSettings ticker, Props? outbox, Props? overview, Props certificates)
    {
        if (overview is not null)
        {
            _overview = Context.ActorOf(overview, OverviewActor.Name);
            // Not by itself: what follows could happen before it has started.
            foreach (var kind in OverviewActor.Events)
                Context.System.EventStream.Subscribe(_overview, kind);
        }

        if (outbox is not null)
            Context.ActorOf(outbox, OutboxActor.Name);
        _servers = Context.ActorOf(servers, "servers");
        _clients = Context.ActorOf(clients, "clients");
        if (ticker.Enabled)
            Context.ActorOf(TickerActor.Props(ticker.Interval), "ticker");
        _certificates = certificates;
    }

    public static Props Props(Props servers, Props clients, TickerSettings ticker, Props? outbox, Props? overview, Props certificates) =>
        PlainProps.Of(() => new RootActor(servers, clients, ticker, outbox, overview, certificates));

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CertificateWatchActor.Watch watch:
                Watch(watch);
                break;
            case TargetCommands.Add { Target: var target } when CertificateWatchActor.Watch.Of(target) is { } watch:
                Watch(watch);
                _clients.Forward(message);
                break;
            case ServerCommands.Add { Server: var server } when CertificateWatchActor.Watch.Of(server) is { } watch:
                Watch(watch);
                _servers.Forward(message);
                break;
            case Deliveries.ICommand:
                _clients.Forward(message);
                break;
            case ServerEvents.ICommand:
                _servers.Forward(message);
                break;
            case OverviewActor.Get or OverviewActor.GetEvents when !_overview.IsNobody():
                _overview.Forward(message);
                break;
            case Add add:
                Sender.Tell(Context.Child(add.Name) is { } child && !child.IsNobody() ? child : Context.ActorOf(add.Props, add.Name));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Without TLS, there is no watcher.</summary>
    private void Watch(CertificateWatchActor.Watch watch)
    {
        _watcher ??= Context.ActorOf(_certificates, "certificates");
        _watcher.Tell(watch);
    }

    /// <summary>Adds a child, such as a web server, unless there is one with that name; the answer is its <see cref="IActorRef"/>.</summary>
    public sealed record Add(Props Props, string Name);
}
