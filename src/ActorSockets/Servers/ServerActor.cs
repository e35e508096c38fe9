using System.Net;
using ActorSockets.Configuration;
using ActorSockets.Servers.Sinks;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Servers;

/// <summary>
/// One endpoint: binds it through Akka.IO, and gives each connection that it admits a <see cref="ReceiverActor"/>.
/// <code>
///   Binding ── Bound ──► Listening ── Drain ──► Draining: refuses, and says Drained when the last connection has ended
///      │         ▲           └── the listener died ──► Binding, after rebind-delay
///      └── no such address, in use ──► BindFailed, stopped
/// </code>
/// </summary>
internal sealed class ServerActor : UntypedActor, IWithTimers
{
    private readonly ServerSettings _server;
    private readonly Func<ServerSettings, string, ISink> _createSink;
    private readonly IActorRef _tcp;
    private readonly Admission _admission;
    private readonly Dictionary<EndPoint, SocketControl> _armed = [];
    private readonly Dictionary<string, (int Count, string LastPeer)> _refused = new(StringComparer.Ordinal);
    private IPEndPoint? _endpoint;
    private bool _draining;
    private bool _acceptFails;
    private int _open;
    private long _accepted;
    private long _acceptRetries;

    public ServerActor(ServerSettings server, Func<ServerSettings, string, ISink> createSink, IActorRef tcp)
    {
        _server = server;
        _createSink = createSink;
        _tcp = tcp;
        _admission = new Admission(server.Allow, server.MaxConnections);
    }

    public static Props Props(ServerSettings server, Func<ServerSettings, string, ISink> createSink, IActorRef tcp) =>
        Actors.Props(() => new ServerActor(server, createSink, tcp));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void PreStart() => Resolve();

    protected override void OnReceive(object message) => Binding(message);

    private void Binding(object message)
    {
        switch (message)
        {
            case Resolved resolved:
                Bind(resolved.Endpoint);
                break;
            case Status.Failure failure:
                GiveUp(failure.Cause.Message);
                break;
            case Tcp.Bound bound:
                // A fatal accept error stops the listener without a word.
                Context.WatchWith(Sender, Signal.ListenerDied);
                Sender.Tell(new Tcp.SubscribeToTcpListenerStats(Self));
                // The same port again after a rebind, also when any free one was asked for.
                _endpoint = Endpoints.Unmap((IPEndPoint)bound.LocalAddress);
                Tell(new ServerEvents.Bound(_server.Name, _endpoint));
                Become(Listening);
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Bind } failed:
                GiveUp(failed.Cause.Value?.Message ?? "the reason is not known");
                break;
            case Signal.BindAgain:
                Resolve();
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Listening(object message)
    {
        switch (message)
        {
            case SocketControl.Armed armed:
                _armed[armed.Peer] = armed.Control;
                break;
            case SocketControl.OutOfHandles refused:
                Refuse("file handles are running out (ulimit -n)", refused.Peer);
                break;
            case Tcp.Connected connected:
                Admit(connected.RemoteAddress);
                break;
            case Tcp.TcpListenerStatistics statistics:
                WatchAccepting(statistics.RetriedIncomingConnections);
                break;
            case Signal.ListenerDied:
                (_acceptRetries, _acceptFails) = (0, false);
                Rebind();
                Become(Binding);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void AnyTime(object message)
    {
        switch (message)
        {
            case Signal.ReceiverEnded:
                _open--;
                ReportDrained();
                break;
            case ServerEvents.Drain:
                _draining = true;
                ReportDrained();
                break;
            case Signal.ReportRefusals:
                PublishRefusals();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Admit(EndPoint remote)
    {
        var peer = Endpoints.Format(remote);
        var socket = _armed.Remove(remote, out var armed) ? armed : SocketControl.None;
        if ((_draining ? "shutting down" : _admission.Refuse(((IPEndPoint)remote).Address, _open)) is { } reason)
        {
            Sender.Tell(Tcp.Abort.Instance);
            Refuse(reason, peer);
            return;
        }

        var receiver = Context.ActorOf(ReceiverActor.Props(_server, peer, Sender, socket, _createSink), $"{ActorName(peer)}-{++_accepted}");
        Context.WatchWith(receiver, Signal.ReceiverEnded);
        _open++;
    }

    /// <summary>Says the first one at once, and counts the others until the interval is over.</summary>
    private void Refuse(string reason, string peer)
    {
        _refused[reason] = (_refused.GetValueOrDefault(reason).Count + 1, peer);
        if (!Timers.IsTimerActive(Signal.ReportRefusals))
            PublishRefusals();
    }

    private void PublishRefusals()
    {
        foreach (var (reason, (count, lastPeer)) in _refused)
            Tell(new ServerEvents.Refused(_server.Name, reason, count, lastPeer));
        if (_refused.Count > 0)
            Timers.StartSingleTimer(Signal.ReportRefusals, Signal.ReportRefusals, _server.RefusalReportInterval);
        _refused.Clear();
    }

    /// <summary>Without a file handle the listener retries every 10 ms and tells nobody but its statistics (1.5.74).</summary>
    private void WatchAccepting(long retries)
    {
        var fails = retries > _acceptRetries;
        _acceptRetries = retries;
        if (fails == _acceptFails)
            return;
        _acceptFails = fails;
        Tell(fails ? new ServerEvents.AcceptFailing(_server.Name) : new ServerEvents.AcceptRecovered(_server.Name));
    }

    private void ReportDrained()
    {
        if (_draining && _open == 0)
            Context.Parent.Tell(new ServerEvents.Drained());
    }

    private void Rebind()
    {
        Timers.StartSingleTimer(Signal.BindAgain, Signal.BindAgain, _server.RebindDelay);
        Tell(new ServerEvents.ListenerLost(_server.Name, _server.RebindDelay));
    }

    private void Resolve() =>
        Endpoints.ResolveAsync(_server.Host, _endpoint?.Port ?? _server.Port, CancellationToken.None)
            .PipeTo(Self, success: addresses => new Resolved(addresses[0]));

    private void Bind(IPEndPoint endpoint) =>
        _tcp.Tell(new Tcp.Bind(Self, endpoint, _server.Backlog, [new SocketControl.WhenConnected(Self)], pullMode: true)
        {
            // Receivers read and write their sockets: Akka's own buffer, which each connection holds, may be small.
            TcpSettings = Context.System.WithExtension<TcpExt, Tcp>().Settings with { MaxFrameSizeBytes = 16 },
        });

    private void GiveUp(string reason)
    {
        if (_endpoint is not null)
        {
            // It did listen before: what took its port may go away again.
            Rebind();
            return;
        }

        Tell(new ServerEvents.BindFailed(_server.Name, _server.Endpoint, reason));
        Context.Stop(Self);
    }

    private static void Tell(ServerEvents.IServerEvent happened)
    {
        Context.Parent.Tell(happened);
        Context.System.EventStream.Publish(happened);
    }

    private static string ActorName(string peer) => string.Concat(peer.Where(c => c is not ('[' or ']'))).Replace('%', '_');

    /// <summary>What it tells itself; the key of the timer that does, too.</summary>
    private enum Signal
    {
        BindAgain,
        ReportRefusals,
        ReceiverEnded,
        ListenerDied,
    }

    private sealed record Resolved(IPEndPoint Endpoint);
}
