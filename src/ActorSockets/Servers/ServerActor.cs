using System.Net;
using ActorSockets.Configuration;
using ActorSockets.Servers.Sinks;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Servers;

/// <summary>
/// One endpoint: binds it through Akka.IO, and gives each connection a <see cref="ReceiverActor"/>.
/// <code>
///   Binding ── Bound ──► Listening ── the listener died ──► Binding, after rebind-delay
///      └── no such address, in use ──► BindFailed, stopped
/// </code>
/// </summary>
internal sealed class ServerActor : UntypedActor, IWithTimers
{
    private readonly ServerSettings _server;
    private readonly Func<ServerSettings, string, ISink> _createSink;
    private readonly IActorRef _tcp;
    private IPEndPoint? _endpoint;
    private long _accepted;

    public ServerActor(ServerSettings server, Func<ServerSettings, string, ISink> createSink, IActorRef tcp)
    {
        _server = server;
        _createSink = createSink;
        _tcp = tcp;
    }

    public static Props Props(ServerSettings server, Func<ServerSettings, string, ISink> createSink, IActorRef tcp) =>
        Akka.Actor.Props.Create(() => new ServerActor(server, createSink, tcp));

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
                Context.Watch(Sender);
                // The same port again after a rebind, also when any free one was asked for.
                _endpoint = Endpoints.Unmap((IPEndPoint)bound.LocalAddress);
                Tell(new ServerEvents.Bound(_server.Name, _endpoint));
                Become(Listening);
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Bind } failed:
                GiveUp(failed.Cause.Value?.Message ?? "the reason is not known");
                break;
            case Rebind:
                Resolve();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Listening(object message)
    {
        switch (message)
        {
            case Tcp.Connected connected:
                var peer = Endpoints.Format(connected.RemoteAddress);
                Context.ActorOf(ReceiverActor.Props(_server, peer, Sender, _createSink), $"{ActorName(peer)}-{++_accepted}");
                break;
            case Terminated:
                Tell(new ServerEvents.ListenerLost(_server.Name, _server.RebindDelay));
                Timers.StartSingleTimer(Rebind.Instance, Rebind.Instance, _server.RebindDelay);
                Become(Binding);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Resolve() =>
        Endpoints.ResolveAsync(_server.Host, _endpoint?.Port ?? _server.Port, CancellationToken.None)
            .PipeTo(Self, success: addresses => new Resolved(addresses[0]));

    private void Bind(IPEndPoint endpoint) =>
        _tcp.Tell(new Tcp.Bind(Self, endpoint, _server.Backlog, pullMode: true)
        {
            TcpSettings = TcpSettings.Create(Context.System) with
            {
                MaxFrameSizeBytes = _server.ReceiveFrameBytes,
                SendBufferSize = _server.ReceiveFrameBytes,
                ReceiveBufferSize = _server.ReceiveFrameBytes,
            },
        });

    private void GiveUp(string reason)
    {
        Tell(new ServerEvents.BindFailed(_server.Name, _server.Endpoint, reason));
        Context.Stop(Self);
    }

    private static void Tell(ServerEvents.IServerEvent happened)
    {
        Context.Parent.Tell(happened);
        Context.System.EventStream.Publish(happened);
    }

    private static string ActorName(string peer) => peer.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace('%', '_');

    private sealed record Resolved(IPEndPoint Endpoint);

    private sealed class Rebind
    {
        public static readonly Rebind Instance = new();
    }
}
