using ActorSockets.Configuration;
using ActorSockets.Payloads;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Clients;

/// <summary>
/// One attempt: one payload over one connection, which a <see cref="ConnectorActor"/> opens. It tells its parent how it
/// goes, and, last, how it ended (<see cref="Attempt"/>); its death resets what is still open.
/// <code>
///  Connecting ── Connected ──► Sending ── last byte taken ──► AwaitingConfirmation ── the peer closed ──► Ended
///      │                        │  ▲ ack                         │           │ too late: Unconfirmed
///      └── Ended                └──┘                             │           └──► LettingThePeerRead
///                               └── reset, busy, unreadable ─────┴──► Ended
///  Blocked is Sending with an ack that is overdue.
/// </code>
/// One write is in flight while the next chunk is being read: two buffers, and that is all the memory an attempt holds.
/// </summary>
internal sealed class ConnectionActor : UntypedActor, IWithTimers
{
    private readonly TargetSettings _target;
    private readonly Payload _payload;
    private readonly int _attempt;
    private readonly IActorRef _gate;
    private readonly IActorRef _tcp;
    private readonly Confirmation _confirmation;
    private readonly Quarters _patience;
    private readonly SendRate _rate;
    private readonly CancellationTokenSource _ended = new();

    private ChunkSource _chunks = null!;
    private IActorRef? _connection;
    private SocketControl _socket = SocketControl.None;
    private string _peer = "";

    private Chunk? _inFlight;
    private long _taken;
    private TimeSpan _offeredAt;
    private bool _blocked;
    private long _acknowledged;
    private bool _allIsThere;

    public ConnectionActor(TargetSettings target, Payload payload, int attempt, IActorRef gate, IActorRef tcp)
    {
        _target = target;
        _payload = payload;
        _attempt = attempt;
        _gate = gate;
        _tcp = tcp;
        _confirmation = new Confirmation(target.Confirm);
        _patience = new Quarters(target.ConfirmTimeout);
        _rate = new SendRate(target.MaxSendRate);
    }

    public static Props Props(TargetSettings target, Payload payload, int attempt, IActorRef gate, IActorRef tcp) =>
        Actors.Props(() => new ConnectionActor(target, payload, attempt, gate, tcp));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart() => Context.ActorOf(ConnectorActor.Props(_target, _payload, _attempt, _gate, _tcp), "connector");

    /// <summary>A fault of the connector is one of ours.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Escalate);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Attempt.Opened opened:
                Context.Parent.Tell(opened);
                break;
            case ConnectorActor.Connected connected:
                _chunks = new ChunkSource(connected.Bytes, _target.Chunk.AtRate(_target.MaxSendRate));
                (_connection, _socket, _peer) = (connected.Connection, connected.Socket, connected.Peer);
                Context.Watch(_connection);
                // Akka would answer the peer's FIN by itself, with our data still on its way.
                _connection.Tell(new Tcp.Register(Self, keepOpenOnPeerClosed: true));
                // One read is always open: a reset is not seen without.
                _connection.Tell(Tcp.ResumeReading.Instance);
                Context.Parent.Tell(new Attempt.Established(connected.Endpoint));
                Become(Sending);
                Continue();
                break;
            case Attempt.Ending ending:
                End(ending);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Sending(object message)
    {
        switch (message)
        {
            case Chunk chunk:
                if (Accept(chunk))
                    Continue();
                break;
            case ReadFailed failed:
                End(new Attempt.BadPayload($"{_payload.Description} cannot be read: {failed.Reason}"));
                break;
            case ChunkTaken:
                Took();
                Continue();
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Write }:
                // Nothing of it was queued: the very same bytes are offered again.
                if (_target.OnBusy == OnBusy.Fail)
                    End(new Attempt.Busy());
                else
                    Timers.StartSingleTimer(Signal.Retry, Signal.Retry, _target.RetryInterval);
                break;
            case Signal.Retry when _inFlight is { } chunk:
                Write(chunk);
                break;
            case Signal.MayGo:
                Continue();
                break;
            case Signal.BusyCheck:
                CheckBusy();
                break;
            case Signal.BlockedReport when _blocked:
                Context.Parent.Tell(new Attempt.Stalled(Now - _offeredAt));
                break;
            case Tcp.PeerClosed:
                // A half-close: the peer has nothing to say and may well go on reading.
                _confirmation.PeerClosedFirst = true;
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void AwaitingConfirmation(object message)
    {
        switch (message)
        {
            case Tcp.Closed:
                End(new Attempt.Confirmed());
                break;
            case Tcp.ConfirmedClosed:
                End(_confirmation.Judge(_peer));
                break;
            case Tcp.ErrorClosed or Signal.Deadline when _confirmation.HasRightReceipt():
                End(new Attempt.Confirmed());
                break;
            case Signal.Deadline:
                LookForAcknowledgements();
                break;
            case Tcp.PeerClosed:
                // Its FIN was on the way before ours went out: Akka will report a ConfirmedClosed that confirms nothing.
                _confirmation.PeerClosedFirst = true;
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    /// <summary>
    /// The kernel had taken more than the peer's. As long as some of it is not acknowledged, it is still being sent, and
    /// give-up-after counts; after that it is the peer's turn to confirm.
    /// </summary>
    private void LookForAcknowledgements()
    {
        var acknowledged = _socket.AcknowledgedBytes();
        if (acknowledged > _acknowledged)
        {
            _acknowledged = acknowledged;
            _patience.Reset();
            Context.Parent.Tell(new Attempt.Progressed(_taken));
        }

        if (_allIsThere && _patience.IsOver())
        {
            LeaveUnconfirmed();
            return;
        }

        // Unknown counts as all. The SYN may be counted too, so that one byte is left to doubt.
        if (!_allIsThere && (acknowledged == 0 || acknowledged >= _taken))
        {
            _allIsThere = true;
            Context.Parent.Tell(new Attempt.Confirming());
        }

        // Until then it is for give-up-after to hear in time that something moves.
        var soon = TimeSpan.FromTicks(Math.Min(_patience.Length.Ticks, _target.GiveUpAfter.Ticks / 8));
        Timers.StartSingleTimer(Signal.Deadline, Signal.Deadline, _allIsThere ? _patience.Length : soon);
    }

    private void LeaveUnconfirmed()
    {
        Context.Parent.Tell(new Attempt.Ended(new Attempt.Unconfirmed($"{_peer} did not close within {Durations.Format(_target.ConfirmTimeout)} of taking all")));
        Timers.StartSingleTimer(Signal.Deadline, Signal.Deadline, _target.GiveUpAfter);
        // All is there and our FIN behind it: whatever ends us now may do so quietly. The payload is needed no more.
        _socket.Disarm();
        foreach (var connector in Context.GetChildren())
            Context.Stop(connector);
        Become(LettingThePeerRead);
    }

    /// <summary>The outcome is said. Akka can only reset a connection that waits for the peer's FIN (1.5.74); there is no hurry.</summary>
    private void LettingThePeerRead(object message)
    {
        if (message is Tcp.Received)
            _connection.Tell(Tcp.ResumeReading.Instance);
        else if (message is Tcp.ConnectionClosed or Terminated or Signal.Deadline)
            Context.Stop(Self);
    }

    private void AnyTime(object message)
    {
        switch (message)
        {
            case Tcp.Received received:
                _confirmation.Heard(received.Data.ToReadOnlySpan());
                _connection.Tell(Tcp.ResumeReading.Instance);
                break;
            case Tcp.ErrorClosed closed:
                End(new Attempt.Lost($"{_peer} broke the connection: {closed.Cause}"));
                break;
            case Tcp.ConnectionClosed or Terminated:
                End(new Attempt.Lost($"the connection to {_peer} ended"));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Keeps one write in flight and one chunk ready behind it, and goes on to confirm after the last.</summary>
    private void Continue()
    {
        if (_inFlight is null && !IsAheadOfRate() && _chunks.TakeNext() is { } next)
        {
            _inFlight = next;
            _offeredAt = Now;
            _rate.Sending(next.Count, _offeredAt);
            if (!Timers.IsTimerActive(Signal.BusyCheck))
                Timers.StartSingleTimer(Signal.BusyCheck, Signal.BusyCheck, _target.BusyAfter);
            Write(next);
        }

        if (_chunks.WantsToRead)
            ReadNext();
        else if (_inFlight is null && _chunks.IsDone)
            Confirm();
    }

    private bool IsAheadOfRate()
    {
        var wait = _rate.Wait(Now);
        if (wait > TimeSpan.Zero)
            Timers.StartSingleTimer(Signal.MayGo, Signal.MayGo, wait);
        return wait > TimeSpan.Zero;
    }

    private void ReadNext()
    {
        var reading = _chunks.ReadAsync(_ended.Token);
        if (!reading.IsCompletedSuccessfully)
            reading.AsTask().PipeTo(Self, failure: e => new ReadFailed(e.Message));
        else if (Accept(reading.Result) && _inFlight is null)
            Continue();
    }

    private bool Accept(Chunk chunk)
    {
        _confirmation.Sending(chunk.Bytes);
        if (_chunks.TryAccept(chunk))
            return true;
        End(new Attempt.BadPayload($"{_payload.Description} became shorter while it was being sent: {_chunks.Read} of {_chunks.Length} B"));
        return false;
    }

    private void Write(Chunk chunk) =>
        _connection.Tell(Tcp.Write.Create(ByteString.FromBytes(chunk.Bytes), ChunkTaken.Instance));

    private void Took()
    {
        var chunk = _inFlight!;
        _inFlight = null;
        _taken += chunk.Count;
        _chunks.Taken(chunk, Now - _offeredAt);
        EndBlocked();
        Context.Parent.Tell(new Attempt.Progressed(_taken));
    }

    /// <summary>One timer for many writes: it fires, looks how long the present one waits, and sleeps for the rest.</summary>
    private void CheckBusy()
    {
        if (_inFlight is null || _blocked)
            return;

        var left = _target.BusyAfter - (Now - _offeredAt);
        if (left > TimeSpan.Zero)
        {
            Timers.StartSingleTimer(Signal.BusyCheck, Signal.BusyCheck, left);
        }
        else if (_target.OnBusy == OnBusy.Fail)
        {
            End(new Attempt.Busy());
        }
        else
        {
            _blocked = true;
            Timers.StartPeriodicTimer(Signal.BlockedReport, Signal.BlockedReport, _target.BlockedReportInterval);
            Context.Parent.Tell(new Attempt.Stalled(Now - _offeredAt));
        }
    }

    private void EndBlocked()
    {
        if (!_blocked)
            return;
        _blocked = false;
        Timers.Cancel(Signal.BlockedReport);
        Context.Parent.Tell(new Attempt.Resumed(Now - _offeredAt));
    }

    private void Confirm()
    {
        Become(AwaitingConfirmation);
        LookForAcknowledgements();
        if (_target.Confirm == Clients.Confirm.None)
        {
            Close();
        }
        else if (_confirmation.PeerClosedFirst)
        {
            Close();
            End(_confirmation.Judge(_peer));
        }
        else
        {
            // Close would report success after a reset (28 of 30 times in 1.5.74); ConfirmedClose waits for the peer's FIN.
            _connection.Tell(Tcp.ConfirmedClose.Instance);
        }
    }

    /// <summary>Lets the kernel send what it has, and our FIN behind it, with nobody waiting for the peer's.</summary>
    private void Close()
    {
        _socket.Disarm();
        _connection.Tell(Tcp.Close.Instance);
    }

    private void End(Attempt.Ending ending)
    {
        EndBlocked();
        Context.Parent.Tell(new Attempt.Ended(ending));
        Become(_ => { });
        Context.Stop(Self);
    }

    protected override void PostStop()
    {
        _ended.Cancel();
        _ended.Dispose();
        _confirmation.Dispose();
        _connection?.Tell(Tcp.Abort.Instance);
        // Buffers that are being written or read, or wait, are not pooled: the collector takes them when nobody needs them.
    }

    private sealed record ReadFailed(string Reason);

    /// <summary>What it tells itself; the key of the timer that does, too.</summary>
    private enum Signal
    {
        Retry,
        MayGo,
        BusyCheck,
        BlockedReport,
        Deadline,
    }

    private sealed class ChunkTaken : Tcp.Event
    {
        public static readonly ChunkTaken Instance = new();
    }
}
