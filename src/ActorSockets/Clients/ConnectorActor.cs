using System.Net;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Clients;

/// <summary>
/// The first half of an attempt: waits for a place at the gate, opens the payload, resolves the name, tries its addresses.
/// It tells its parent either <see cref="Connected"/> or how the attempt ended. The payload is closed when it stops.
/// <code>
///  Waiting ── Entered ──► Preparing ── resolved, opened ──► Connecting ── Connected ──► done
///                             │                                 │ ▲
///                             │                                 └─┘ refused: the next address
///                             └── no such name, unreadable ──────┴── no address left, timed out ──► Attempt.Lost, BadPayload
/// </code>
/// </summary>
internal sealed class ConnectorActor : UntypedActor, IWithTimers
{
    // A peer that answers does so at once. One that swallows SYNs must not keep a place from those that do.
    private static readonly TimeSpan LongestInPlace = TimeSpan.FromMilliseconds(250);

    private readonly TargetSettings _target;
    private readonly Payload _payload;
    private readonly int _attempt;
    private readonly IActorRef _gate;
    private readonly IActorRef _tcp;
    private readonly CancellationTokenSource _ended = new();
    private Task<Stream>? _opening;
    private Preparation.Ready _ready = null!;
    private SocketControl _socket = SocketControl.None;
    private IPEndPoint? _remote;
    private int _tried;

    public ConnectorActor(TargetSettings target, Payload payload, int attempt, IActorRef gate, IActorRef tcp)
    {
        _target = target;
        _payload = payload;
        _attempt = attempt;
        _gate = gate;
        _tcp = tcp;
    }

    public static Props Props(TargetSettings target, Payload payload, int attempt, IActorRef gate, IActorRef tcp) =>
        Actors.Props(() => new ConnectorActor(target, payload, attempt, gate, tcp));

    public ITimerScheduler Timers { get; set; } = null!;

    private string Peer => _remote is null || _target.Host == _remote.Address.ToString() ? _target.Endpoint : $"{_target.Endpoint} ({_remote.Address})";

    protected override void PreStart() => _gate.Tell(ConnectGate.Enter.Instance);

    protected override void OnReceive(object message)
    {
        if (message is not ConnectGate.Entered)
        {
            Unhandled(message);
            return;
        }

        Timers.StartSingleTimer(Signal.Deadline, Signal.Deadline, _target.ConnectTimeout);
        Timers.StartSingleTimer(Signal.LeavePlace, Signal.LeavePlace, LongestInPlace);
        _opening = _payload.OpenAsync();
        Preparation.PrepareAsync(_opening, _target, _ended.Token).PipeTo(Self);
        Become(Preparing);
    }

    private void Preparing(object message)
    {
        switch (message)
        {
            case Preparation.Ready ready:
                _ready = ready;
                Context.Parent.Tell(new Attempt.Opened(ready.Bytes.Length));
                Connect();
                Become(Connecting);
                break;
            case Attempt.Ending ending:
                End(ending);
                break;
            case Signal.LeavePlace:
                _gate.Tell(ConnectGate.Leave.Instance);
                break;
            case Signal.Deadline:
                End(new Attempt.Lost($"{_target.Host} did not resolve, or {_payload.Description} did not open, within {Durations.Format(_target.ConnectTimeout)}"));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Connecting(object message)
    {
        switch (message)
        {
            case SocketControl.Armed armed:
                _socket = armed.Control;
                break;
            case SocketControl.OutOfHandles:
                End(new Attempt.Lost(Preparation.OutOfHandles));
                break;
            // A connect to a free local port out of the ephemeral range can meet itself (TCP simultaneous open).
            case Tcp.Connected connected when connected.LocalAddress.Equals(connected.RemoteAddress):
                Sender.Tell(Tcp.Abort.Instance);
                End(new Attempt.Lost($"{Peer} refused the connection"));
                break;
            case Tcp.Connected connected:
                _gate.Tell(ConnectGate.Leave.Instance);
                // Akka stops a connection whose commander dies before it is registered: we live on with our parent.
                End(new Connected(Sender, Endpoints.Format(connected.RemoteAddress), Peer, _socket, _ready.Bytes));
                break;
            case Signal.LeavePlace:
                _gate.Tell(ConnectGate.Leave.Instance);
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Connect } when _tried < _ready.Addresses.Length:
                Connect();
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Connect } failed:
                // Akka 1.5.74 loses the reason; only its own timeout can be told from a refusal.
                End(new Attempt.Lost(failed.CauseString.Contains("timeout", StringComparison.OrdinalIgnoreCase)
                    ? $"{Peer} did not answer within {Durations.Format(_target.ConnectTimeout)}"
                    : $"{Peer} refused the connection or cannot be reached"));
                break;
            case Signal.Deadline:
                End(new Attempt.Lost($"{Peer} did not answer within {Durations.Format(_target.ConnectTimeout)}"));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>
    /// Tries the addresses of the name one after the other, both families. Each attempt begins with another one, in case
    /// the first swallows all the time there is.
    /// </summary>
    private void Connect()
    {
        _remote = _ready.Addresses[(_attempt - 1 + _tried++) % _ready.Addresses.Length];
        _tcp.Tell(new Tcp.Connect(_remote, null, [new SocketControl.WhenConnected(Self)], _target.ConnectTimeout, pullMode: true)
        {
            TcpSettings = Context.System.WithExtension<TcpExt, Tcp>().Settings with
            {
                MaxFrameSizeBytes = _target.SendFrameBytes,
                SendBufferSize = _target.SendFrameBytes,
                ReceiveBufferSize = _target.SendFrameBytes,
                // A refusal is told after 1 ms instead of 60, and the retry is ours anyway.
                FinishConnectRetries = 0,
                // One write at a time bounds the queue already.
                WriteCommandsQueueMaxSize = -1,
            },
        });
    }

    private void End(object result)
    {
        Timers.CancelAll();
        Context.Parent.Tell(result);
        Become(_ => { });
    }

    protected override void PostStop()
    {
        _ended.Cancel();
        _ended.Dispose();
        _ = Preparation.DisposeAsync(_opening);
    }

    /// <summary>The connection waits for its handler.</summary>
    /// <param name="Connection">Akka.IO's actor.</param>
    /// <param name="Endpoint">The peer's address.</param>
    /// <param name="Peer">What messages call the peer.</param>
    /// <param name="Socket">Its socket.</param>
    /// <param name="Bytes">The payload, at its first byte.</param>
    public sealed record Connected(IActorRef Connection, string Endpoint, string Peer, SocketControl Socket, Stream Bytes);

    /// <summary>What it tells itself; the key of the timer that does, too.</summary>
    private enum Signal
    {
        Deadline,
        LeavePlace,
    }
}
