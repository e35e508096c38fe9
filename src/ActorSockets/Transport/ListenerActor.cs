using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Event;
using Akka.IO;

namespace ActorSockets.Transport;

/// <summary>
/// One endpoint, bound through Akka.IO. Its parent is told <see cref="Listening"/>, then each <see cref="Accepted"/>
/// connection; or <see cref="Failed"/>, and then the actor has stopped.
/// <code>
///   Resolving ── an address ──► Binding ── Tcp.Bound ──► Listening ── Akka's listener died ──► Failed
///       └── no such name, too late ──────┴── in use, no such address ─────────────────────────────┘
/// </code>
/// Akka.IO binds and accepts; <see cref="SocketTap"/> takes each accepted socket over before Akka.IO reads from it, and
/// Akka's actor for the connection is ended.
/// </summary>
internal sealed class ListenerActor : UntypedActor, IWithTimers
{
    private readonly ListenerSettings _settings;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly IActorRef _tcp;
    private readonly CancellationTokenSource _stopped = new();
    private readonly List<UnhandledMessage> _unhandled = [];
    private IActorRef? _listener;
    private bool _acceptFails;
    private long _acceptRetries;

    public ListenerActor(ListenerSettings settings, Func<string, CancellationToken, Task<IPAddress[]>> resolve, IActorRef tcp)
    {
        _settings = settings;
        _resolve = resolve;
        _tcp = tcp;
    }

    public static Props Props(ListenerSettings settings, Func<string, CancellationToken, Task<IPAddress[]>> resolve, IActorRef tcp) =>
        PlainProps.Of(() => new ListenerActor(settings, resolve, tcp));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(UnhandledMessage));
        Timers.StartSingleTimer(BindTimeout.Instance, BindTimeout.Instance, _settings.BindTimeout);
        _resolve(_settings.Host, _stopped.Token).PipeTo(Self, success: addresses => new Resolved(addresses));
    }

    protected override void OnReceive(object message) => Resolving(message);

    private void Resolving(object message)
    {
        switch (message)
        {
            case Resolved { Addresses: [var address, ..] }:
                _tcp.Tell(new Tcp.Bind(Self, new IPEndPoint(address, _settings.Port), _settings.Backlog, [new SocketTap(Self, _settings.Sockets)], pullMode: true)
                {
                    // What Akka holds for a connection is a buffer that is never used.
                    TcpSettings = Context.System.WithExtension<TcpExt, Tcp>().Settings with { MaxFrameSizeBytes = 16 },
                });
                Become(Binding);
                break;
            case Resolved:
                Fail($"{_settings.Host} has no address");
                break;
            case Status.Failure failure:
                Fail($"{_settings.Host} does not resolve: {failure.Cause.Message}");
                break;
            case BindTimeout:
                Fail($"{_settings.Host} did not resolve within {Durations.Format(_settings.BindTimeout)} (bind-timeout)");
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Binding(object message)
    {
        switch (message)
        {
            case UnhandledMessage unhandled:
                _unhandled.Add(unhandled);
                break;
            case Tcp.Bound bound:
                Bound(Sender, (IPEndPoint)bound.LocalAddress);
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Bind } failed:
                Fail(failed.Cause.Value?.Message ?? "unknown reason");
                break;
            case BindTimeout:
                Fail($"not bound within {Durations.Format(_settings.BindTimeout)} (bind-timeout)");
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>
    /// Akka's listener accepts before it has processed its own Bound, and does not handle what it accepted by then: the
    /// connection is lost, and with it one of the few accepts that are pending (1.5.74). It gets those messages again.
    /// </summary>
    private void Bound(IActorRef listener, IPEndPoint endpoint)
    {
        _listener = listener;
        // A fatal accept error stops it without a word.
        Context.WatchWith(listener, ListenerDied.Instance);
        Context.System.EventStream.Unsubscribe(Self, typeof(UnhandledMessage));
        foreach (var early in _unhandled.Where(u => u.Recipient.Equals(listener)))
            listener.Tell(early.Message, early.Sender);
        _unhandled.Clear();
        Timers.Cancel(BindTimeout.Instance);
        listener.Tell(new Tcp.SubscribeToTcpListenerStats(Self));
        Context.Parent.Tell(new Listening(Endpoints.Unmap(endpoint)));
        Become(Listen);
    }

    private void Listen(object message)
    {
        switch (message)
        {
            case SocketTap.Tapped tapped:
                // Akka's actor sets options of the socket when it ends: until then the connection is nobody's.
                Context.WatchWith(Sender, new Released(tapped.Socket, tapped.Peer));
                break;
            case Tcp.Connected:
                Sender.Tell(Tcp.Abort.Instance);
                break;
            case Released released:
                Context.Parent.Tell(new Accepted(new PlainConnection(released.Socket, released.Peer)));
                break;
            case SocketTap.OutOfHandles refused:
                Context.Parent.Tell(new OutOfHandles(Endpoints.Format(refused.Peer)));
                break;
            case Tcp.TcpListenerStatistics statistics:
                WatchAccepting(statistics.RetriedIncomingConnections);
                break;
            case ListenerDied:
                Fail("Akka.IO's listener stopped");
                break;
            case Tcp.ConnectionClosed or UnhandledMessage:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Without a file handle the listener retries every 10 ms and tells nobody but its statistics (1.5.74).</summary>
    private void WatchAccepting(long retries)
    {
        var fails = retries > _acceptRetries;
        _acceptRetries = retries;
        if (fails == _acceptFails)
            return;
        _acceptFails = fails;
        Context.Parent.Tell(new Accepting(!fails));
    }

    private void Fail(string reason)
    {
        Context.Parent.Tell(new Failed(reason));
        Become(_ => { });
        Context.Stop(Self);
    }

    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        _listener?.Tell(Tcp.Unbind.Instance);
    }

    /// <summary>The endpoint is bound; <paramref name="Endpoint"/> has the real port.</summary>
    public sealed record Listening(IPEndPoint Endpoint);

    /// <summary>A client connected. The connection is the parent's.</summary>
    public sealed record Accepted(PlainConnection Connection);

    /// <summary>A client was reset, because the process has hardly any file handles left.</summary>
    public sealed record OutOfHandles(string Peer);

    /// <summary>Whether the kernel gives connections.</summary>
    public sealed record Accepting(bool Works);

    /// <summary>It does not listen, or no more.</summary>
    public sealed record Failed(string Reason);

    private sealed record Resolved(IPAddress[] Addresses);

    private sealed record Released(Socket Socket, EndPoint? Peer);

    private sealed class BindTimeout
    {
        public static readonly BindTimeout Instance = new();
    }

    private sealed class ListenerDied
    {
        public static readonly ListenerDied Instance = new();
    }
}
