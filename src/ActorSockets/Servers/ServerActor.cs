using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Servers.Arrivals;
using ActorSockets.Servers.Sinks;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Servers;

/// <summary>
/// One endpoint: a <see cref="ListenerActor"/> that listens on it, and a <see cref="ReceiverActor"/> or
/// <see cref="DeliveriesReceiverActor"/> for each connection that it admits; with TLS, after its handshake in the
/// <see cref="HandshakesActor"/>.
/// <code>
///   Opening ── its inbox, or the outbox, is open ──► Listening
///      └── it cannot be opened ──► BindFailed, stopped
///
///   Listening ── Drain ──► the listener stops; Drained when the last connection has ended
///    │      ▲
///    │      └── rebind-delay ── the listener failed, and had listened before
///    └── the listener failed at first ──► BindFailed, stopped
/// </code>
/// </summary>
internal sealed class ServerActor : UntypedActor, IWithTimers
{
    private readonly ServerSettings _server;
    private readonly ServerMemory _memory;
    private readonly SinkSource _createSink;
    private readonly Func<ListenerSettings, Props> _listen;
    private readonly Admission _admission;
    private readonly Refusals _refusals = new();
    private IActorRef _listener = ActorRefs.Nobody;
    private IActorRef _handshakes = ActorRefs.Nobody;
    private IArrivals? _arrivals;
    private IActorRef? _drainer;
    private long _accepted;
    private int _open;

    public ServerActor(ServerSettings server, ServerMemory memory, SinkSource createSink, Func<ListenerSettings, Props> listen)
    {
        _server = server;
        _memory = memory;
        _createSink = createSink;
        _listen = listen;
        _admission = new Admission(server.Allow, server.MaxConnections);
    }

    public static Props Props(ServerSettings server, ServerMemory memory, SinkSource createSink, Func<ListenerSettings, Props> listen) =>
        PlainProps.Of(() => new ServerActor(server, memory, createSink, listen));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void PreStart()
    {
        if (_server.Tls is { } tls)
            _handshakes = Context.ActorOf(HandshakesActor.Props(tls), "handshakes");
        if (_memory.OpenArrivals() is { } opening)
        {
            opening.PipeTo(Self, success: opened => new Opened(opened), failure: e => new OpeningFailed(e.Message));
            return;
        }

        if (_memory.Needs is { } needs)
            needs.PipeTo(Self, success: () => new Opened(null), failure: e => new OpeningFailed(e.Message));
        else
            Listen();
        if (_memory.Store.Cleans)
            Timers.StartPeriodicTimer(Signal.Clean, Signal.Clean, TimeSpan.Zero, _server.CleanInterval);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Opened opened:
                Open(opened.Arrivals);
                break;
            case OpeningFailed failed:
                GiveUp(failed.Reason, isOfOutbox: _server.Sink == "relay");
                break;
            case ListenerActor.Listening listening when FromListener:
                // The same port again after a rebind, also when any free one was asked for.
                _memory.Endpoint = listening.Endpoint;
                Tell(new ServerEvents.Bound(_server.Name, listening.Endpoint));
                break;
            case ListenerActor.Accepted accepted:
                Admit(accepted.Connection);
                break;
            case HandshakesActor.Secured secured:
                Receive(secured.Connection, _drainer is not null ? (RefusalKind.ShuttingDown, "shutting down") : _admission.RefuseOneMore(_open));
                break;
            case HandshakesActor.Failed failed:
                Refuse((RefusalKind.Tls, failed.Reason), failed.Peer);
                break;
            case ListenerActor.OutOfHandles refused:
                Refuse((RefusalKind.OutOfHandles, "file handles are running out (ulimit -n)"), refused.Peer);
                break;
            case ListenerActor.Accepting accepting:
                Tell(accepting.Works ? new ServerEvents.AcceptRecovered(_server.Name) : new ServerEvents.AcceptFailing(_server.Name));
                break;
            case ListenerActor.Failed failed when FromListener:
                ListenAgain(failed.Reason);
                break;
            case Terminated terminated when terminated.ActorRef.Equals(_listener):
                ListenAgain("the listener crashed");
                break;
            case Signal.ListenAgain when _drainer is null:
                Listen();
                break;
            case Signal.ReceiverEnded:
                _open--;
                ReportDrained();
                break;
            case Signal.Clean when _drainer is null:
                (_arrivals?.CleanAsync(DateTime.UtcNow) ?? _memory.Store.CleanAsync(DateTime.UtcNow)).PipeTo(Self, success: paths => new Cleaned(paths), failure: e => new CleaningFailed(e.Message));
                break;
            case Cleaned cleaned:
                foreach (var path in cleaned.Paths)
                    Tell(new ServerEvents.PartialDeleted(_server.Name, path));
                break;
            case CleaningFailed failed when _drainer is null:
                Tell(new ServerEvents.CleaningFailed(_server.Name, failed.Reason));
                break;
            case Signal.ReportRefusals:
                PublishRefusals();
                break;
            case ServerEvents.Drain:
                Drain(Sender);
                TellReceivers(message);
                break;
            case ServerEvents.CutOff:
                Drain(Sender);
                TellReceivers(message);
                break;
            case Signal.ListenAgain or Signal.Clean or CleaningFailed:
                // The server is stopping.
                break;
            case Signal.LetGo:
                _drainer?.Tell(new ServerEvents.Drained());
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private bool FromListener => Sender.Equals(_listener);

    private void Open(IArrivals? arrivals)
    {
        _arrivals = arrivals;
        if (_drainer is not null)
            return;
        if (arrivals is not null)
            Timers.StartPeriodicTimer(Signal.Clean, Signal.Clean, TimeSpan.Zero, _server.CleanInterval);
        Listen();
    }

    private void Listen()
    {
        _listener = Context.ActorOf(_listen(new ListenerSettings(
            _server.Host, _memory.Endpoint?.Port ?? _server.Port, _server.Backlog, _server.BindTimeout, new SocketSettings(_server.KeepAlive))));
        Context.Watch(_listener);
    }

    private void ListenAgain(string reason)
    {
        Context.Unwatch(_listener);
        _listener = ActorRefs.Nobody;
        if (_memory.Endpoint is not null)
        {
            // What took its port may go away again.
            Timers.StartSingleTimer(Signal.ListenAgain, Signal.ListenAgain, _server.RebindDelay);
            Tell(new ServerEvents.ListenerLost(_server.Name, reason, _server.RebindDelay));
            return;
        }

        GiveUp(reason);
    }

    private void GiveUp(string reason, bool isOfOutbox = false)
    {
        Tell(new ServerEvents.BindFailed(_server.Name, _server.Endpoint, reason) { IsOfOutbox = isOfOutbox });
        Context.Stop(Self);
    }

    private void TellReceivers(object message)
    {
        foreach (var receiver in Context.GetChildren().Where(c => !c.Equals(_listener) && !c.Equals(_handshakes)))
            receiver.Tell(message);
    }

    private void Admit(PlainConnection connection)
    {
        var why = _drainer is not null ? (RefusalKind.ShuttingDown, "shutting down")
            : connection.PeerAddress is not { } peer ? (RefusalKind.ResetByClient, "reset by the client before it was accepted")
            : _admission.Refuse(peer.Address, _open);
        if (why is null && _server.Tls is not null)
            _handshakes.Tell(new HandshakesActor.Begin(connection));
        else
            Receive(connection, why);
    }

    private void Receive(Connection connection, (RefusalKind, string)? refusal)
    {
        if (refusal is { } refused)
        {
            connection.Abort();
            Refuse(refused, connection.Peer);
            return;
        }

        var props = _arrivals is null
            ? ReceiverActor.Props(_server, connection, _memory.Store, _createSink)
            : DeliveriesReceiverActor.Props(_server, connection, _arrivals);
        var receiver = Context.ActorOf(props, $"{ActorName(connection.Peer)}-{++_accepted}");
        Context.WatchWith(receiver, Signal.ReceiverEnded);
        _open++;
    }

    /// <summary>Publishes the first one at once, and counts the others until the interval is over.</summary>
    private void Refuse((RefusalKind Kind, string Reason) why, string peer)
    {
        _refusals.Add(why, peer);
        if (!Timers.IsTimerActive(Signal.ReportRefusals))
            PublishRefusals();
    }

    private void PublishRefusals()
    {
        if (_refusals.IsEmpty)
            return;
        foreach (var refused in _refusals.Take(_server.Name))
            Tell(refused);
        Timers.StartSingleTimer(Signal.ReportRefusals, Signal.ReportRefusals, _server.RefusalReportInterval);
    }

    private void Drain(IActorRef drainer)
    {
        _drainer = drainer;
        Context.Unwatch(_listener);
        Context.Stop(_listener);
        Context.Stop(_handshakes);
        ReportDrained();
    }

    private void ReportDrained()
    {
        if (_drainer is null || _open > 0)
            return;
        PublishRefusals();
        _memory.LetGoAsync().PipeTo(Self, success: () => Signal.LetGo, failure: _ => Signal.LetGo);
    }

    /// <summary>Published first: whom the parent answers may end the program.</summary>
    private static void Tell(ServerEvents.IServerEvent happened)
    {
        Context.System.EventStream.Publish(happened);
        Context.Parent.Tell(happened);
    }

    protected override void PostStop() => PublishRefusals();

    private static string ActorName(string peer) => string.Concat(peer.Where(c => c is not ('[' or ']'))).Replace('%', '_');

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        ListenAgain,
        ReportRefusals,
        ReceiverEnded,
        Clean,
        LetGo,
    }

    private sealed record Opened(IArrivals? Arrivals);

    private sealed record OpeningFailed(string Reason);

    private sealed record Cleaned(IReadOnlyList<string> Paths);

    private sealed record CleaningFailed(string Reason);
}
