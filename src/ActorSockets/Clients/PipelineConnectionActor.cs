using System.Net;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Protocols.Deliveries;
using ActorSockets.Transport;
using ActorSockets.Transport.Tls;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>
/// One connection that carries deliveries, for as long as its parent has some. It tells its parent how each goes
/// (<see cref="Pipelined.Steps"/>), and, last, how the connection ended; its death resets what is still open.
/// <code>
///   Waiting ── Entered ──► Connecting ── connected ──► Greeting ── the greeting ──► Conversing ── Finish, all answered ──► Finishing
///                              │                          │                            │                                    │
///                              └── refused, too late      └── something else, too late └── reset, silence, no protocol      │ the peer's end
///                                        ▼                          ▼                            ▼                          ▼
///                                      Ended ◄──────────────────────────────────────────────────────────────────────────────┘
/// </code>
/// With TLS, Securing is between Connecting and Greeting; connect-timeout is for all three.
/// While one buffer is being written, <see cref="Pipeline"/> fills the other one. Reading goes on all the time.
/// </summary>
internal sealed class PipelineConnectionActor : UntypedActor, IWithTimers
{
    private const int AnswerBytes = 8 * 1024;

    // A peer that answers does so at once. One that swallows SYNs must not keep a place from those that do.
    private static readonly TimeSpan LongestInPlace = TimeSpan.FromMilliseconds(250);

    private readonly TargetSettings _target;
    private readonly int _attempt;
    private readonly IActorRef _gate;
    private readonly IConnector _connector;
    private readonly CancellationTokenSource _ended = new();
    private readonly SendingEnd _end;
    private readonly Pipeline _pipeline;
    private readonly SendRate _rate;
    private readonly InactivityTimeout _answering;
    private readonly byte[] _answers = new byte[AnswerBytes];
    private Task<Connection>? _connecting;
    private Connection? _connection;
    private TimeSpan _offeredAt;
    private TimeSpan _waitingSince;
    private long _acknowledged;
    private bool _blocked;
    private bool _finishing;

    public PipelineConnectionActor(TargetSettings target, int attempt, IActorRef gate, IConnector connector)
    {
        _target = target;
        _attempt = attempt;
        _gate = gate;
        _connector = connector;
        _end = new SendingEnd(target.Window);
        _pipeline = new Pipeline(target, _end, Self);
        _rate = new SendRate(target.MaxSendRate);
        _answering = new InactivityTimeout(target.ConfirmTimeout);
    }

    public static Props Props(TargetSettings target, int attempt, IActorRef gate, IConnector connector) =>
        PlainProps.Of(() => new PipelineConnectionActor(target, attempt, gate, connector));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    private string Peer => _connection is null || _connection.Peer == _target.Endpoint ? _target.Endpoint : $"{_target.Endpoint} ({_connection.Peer})";

    protected override void PreStart() => _gate.Tell(ConnectGate.Enter.Instance);

    protected override void OnReceive(object message) => Waiting(message);

    private void Waiting(object message)
    {
        if (message is not ConnectGate.Entered)
        {
            Commanded(message);
            return;
        }

        Timers.StartSingleTimer(Signal.Deadline, Signal.Deadline, _target.ConnectTimeout);
        Timers.StartSingleTimer(Signal.LeavePlace, Signal.LeavePlace, LongestInPlace);
        _connecting = _connector.ConnectAsync(_target.Host, _target.Port, new SocketSettings(_target.KeepAlive), _attempt, _ended.Token);
        _connecting.PipeTo(Self);
        Become(Connecting);
    }

    private void Connecting(object message)
    {
        switch (message)
        {
            case Connection connection:
                Timers.Cancel(Signal.LeavePlace);
                _gate.Tell(ConnectGate.Leave.Instance);
                _connection = connection;
                if (_target.Tls is { } tls)
                    Secure(connection, tls);
                else
                    AwaitGreeting();
                break;
            case Status.Failure { Cause: ConnectException e }:
                End(new Attempt.Lost(ConnectionActor.KindOf(e.Failure), e.Message));
                break;
            case Status.Failure failure:
                End(new Attempt.Lost(FailureKind.Internal, failure.Cause.Message));
                break;
            case Signal.Deadline:
                End(new Attempt.Lost(FailureKind.Unreachable, $"{_target.Endpoint} did not {(IPAddress.TryParse(_target.Host, out _) ? "" : "resolve, or not ")}answer, within {Durations.Format(_target.ConnectTimeout)} (connect-timeout)"));
                break;
            case Signal.LeavePlace:
                _gate.Tell(ConnectGate.Leave.Instance);
                break;
            default:
                Commanded(message);
                break;
        }
    }

    private void Secure(Connection connection, TargetTls tls)
    {
        _connector.SecureAsync(connection, _target.Host, tls, _ended.Token).PipeTo(Self);
        Become(Securing);
    }

    private void Securing(object message)
    {
        switch (message)
        {
            case Connection secured:
                _connection = secured;
                AwaitGreeting();
                break;
            case Status.Failure failure:
                End(new Attempt.Lost(FailureKind.Tls, $"{Peer}: TLS: {failure.Cause.Message}"));
                break;
            case Signal.Deadline:
                End(new Attempt.Lost(FailureKind.Tls, ConnectionActor.NoHandshake(Peer, _target)));
                break;
            default:
                Commanded(message);
                break;
        }
    }

    private void AwaitGreeting()
    {
        Become(Greeting);
        Listen();
    }

    private void Greeting(object message)
    {
        switch (message)
        {
            case Heard { Count: 0 }:
                End(new Attempt.Lost(FailureKind.Protocol, $"{Peer} closed without a greeting; is it raw?"));
                break;
            case Heard heard:
                Hear(heard.Count);
                break;
            case Signal.Deadline:
                End(new Attempt.Lost(FailureKind.Protocol, $"{Peer} does not speak the deliveries protocol; is it raw?{(_target.Tls is null ? " Does it use TLS (tls.enabled)?" : "")} (no greeting within connect-timeout, {Durations.Format(_target.ConnectTimeout)})"));
                break;
            case Broken broken:
                End(new Attempt.Lost(FailureKind.ConnectionLost, $"{Peer}: {broken.Reason}"));
                break;
            default:
                Commanded(message);
                break;
        }
    }

    private void Conversing(object message)
    {
        switch (message)
        {
            case Heard { Count: 0 }:
                End(_end.Unanswered == 0 && !_pipeline.IsBusy
                    ? new Attempt.Confirmed()
                    : new Attempt.Lost(FailureKind.ConnectionLost, $"{Peer} closed before it answered"));
                break;
            case Heard heard:
                Hear(heard.Count);
                break;
            case Retry retry:
                Took(retry.Taken);
                break;
            case Signal.Continue:
                Continue();
                break;
            case Signal.BusyCheck:
                CheckBusy();
                break;
            case Signal.BlockedReport when _blocked:
                Context.Parent.Tell(new Attempt.Stalled(Now - _waitingSince));
                break;
            case Signal.AnswerCheck:
                CheckAnswers();
                break;
            case Broken broken:
                End(new Attempt.Lost(FailureKind.ConnectionLost, $"{Peer}: {broken.Reason}"));
                break;
            default:
                if (_pipeline.TryHandle(message))
                    Continue();
                else
                    Commanded(message);
                break;
        }
    }

    private void Finishing(object message)
    {
        switch (message)
        {
            case Heard { Count: 0 }:
                _connection!.Close();
                End(new Attempt.Confirmed());
                break;
            case Broken or Signal.Deadline or Heard:
                // Everything is answered: nothing depends on how it closes.
                End(new Attempt.Confirmed());
                break;
            default:
                Commanded(message);
                break;
        }
    }

    private void Commanded(object message)
    {
        switch (message)
        {
            case Pipelined.Send send:
                _pipeline.Add(send.Work);
                Continue();
                break;
            case Pipelined.Withdraw withdraw:
                _pipeline.Withdraw(withdraw.Id);
                Continue();
                break;
            case Pipelined.Finish:
                _finishing = true;
                Continue();
                break;
            case Signal:
                // A timer of a state that is over.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Hear(int count)
    {
        ReadOnlyMemory<byte> input = _answers.AsMemory(0, count);
        for (SendingEvent happened; (happened = _end.Next(ref input)).Kind != SendingEventKind.None;)
        {
            switch (happened.Kind)
            {
                case SendingEventKind.Greeted:
                    Timers.Cancel(Signal.Deadline);
                    Timers.StartPeriodicTimer(Signal.AnswerCheck, Signal.AnswerCheck, _answering.CheckInterval);
                    Context.Parent.Tell(new Pipelined.Greeted(_connection!.Peer, _connection.Identity, _end.Greeting!.Remembers));
                    Become(Conversing);
                    break;
                case SendingEventKind.Answered:
                    _answering.Restart();
                    _pipeline.Hear((OnTheWire)happened.Delivery!, happened.Answer!, Peer);
                    break;
                default:
                    End(new Attempt.Lost(FailureKind.Protocol, $"{Peer} {happened.Text}"));
                    return;
            }
        }

        Listen();
        Continue();
    }

    /// <summary>Fills the buffer, offers it, tells what has happened, and ends when nothing is left to do.</summary>
    private void Continue()
    {
        if (_connection is null || _end.Greeting is null)
            return;

        _pipeline.Fill();
        if (_pipeline.CanOffer && !IsAheadOfRate())
            Offer(_pipeline.NextBuffer());
        if (_pipeline.TakeSteps() is { } steps)
            Context.Parent.Tell(steps);
        if (_finishing && !_pipeline.IsBusy && _end.Unanswered == 0)
            Finish();
    }

    private bool IsAheadOfRate()
    {
        var wait = _rate.Wait(Now);
        if (wait > TimeSpan.Zero)
            Timers.StartSingleTimer(Signal.Continue, Signal.Continue, wait);
        return wait > TimeSpan.Zero;
    }

    private void Offer(WireBuffer buffer)
    {
        var now = Now;
        (_offeredAt, _waitingSince) = (now, now);
        _rate.Sending(buffer.Count, now);
        if (!Timers.IsTimerActive(Signal.BusyCheck))
            Timers.StartSingleTimer(Signal.BusyCheck, Signal.BusyCheck, _target.BusyAfter);
        OfferRest(buffer);
    }

    private void OfferRest(WireBuffer buffer)
    {
        var offering = _connection!.SendAsync(buffer.Rest);
        if (offering.IsCompletedSuccessfully)
            // By way of the mailbox, so that a quick peer leaves time for others.
            Self.Tell(new Retry(offering.Result));
        else
            offering.AsTask().PipeTo(Self, success: taken => new Retry(taken), failure: e => new Broken(e.Message));
    }

    private void Took(int count)
    {
        var now = Now;
        _waitingSince = now;
        EndBlocked();
        if (!_pipeline.Took(count, now - _offeredAt))
            OfferRest(_pipeline.Writing!);
        Continue();
    }

    /// <summary>One timer for many writes: it fires, looks how long the kernel has taken nothing, and sleeps for the rest.</summary>
    private void CheckBusy()
    {
        if (_pipeline.Writing is null || _blocked)
            return;

        var waited = Now - _waitingSince;
        if (waited < _target.BusyAfter)
        {
            Timers.StartSingleTimer(Signal.BusyCheck, Signal.BusyCheck, _target.BusyAfter - waited);
        }
        else if (_target.OnBusy == OnBusy.Fail)
        {
            End(new Attempt.Hopeless(FailureKind.Busy, $"{_target.Endpoint} is busy (on-busy = fail)"));
        }
        else
        {
            _blocked = true;
            Timers.StartPeriodicTimer(Signal.BlockedReport, Signal.BlockedReport, _target.BlockedReportInterval);
            Context.Parent.Tell(new Attempt.Stalled(waited));
        }
    }

    private void EndBlocked()
    {
        if (!_blocked)
            return;
        _blocked = false;
        Timers.Cancel(Signal.BlockedReport);
        Timers.StartSingleTimer(Signal.BusyCheck, Signal.BusyCheck, _target.BusyAfter);
        Context.Parent.Tell(new Attempt.Resumed());
    }

    /// <summary>A peer whose kernel has everything, and who is to answer, does so in time.</summary>
    private void CheckAnswers()
    {
        var (acknowledged, all) = _connection!.Acknowledged() ?? (0, true);
        var moved = acknowledged > _acknowledged;
        _acknowledged = acknowledged;
        if (moved)
            Context.Parent.Tell(new Attempt.Moved());
        if (moved || !all || _pipeline.Writing is not null || !_pipeline.IsUpToThePeer)
            _answering.Restart();
        else if (_answering.HasExpired())
            End(new Attempt.Lost(FailureKind.ConnectionLost, $"{Peer} did not answer within {Durations.Format(_target.ConfirmTimeout)} of receiving everything (confirm-timeout)"));
    }

    private void Finish()
    {
        Become(Finishing);
        Timers.CancelAll();
        Timers.StartSingleTimer(Signal.Deadline, Signal.Deadline, _target.ConfirmTimeout);
        _connection!.FinishAsync().AsTask().PipeTo(Self, success: _ => Signal.Finished, failure: e => new Broken(e.Message));
    }

    private void Listen() =>
        _connection!.ReceiveAsync(_answers).AsTask().PipeTo(Self, success: count => new Heard(count), failure: e => new Broken(e.Message));

    private void End(Attempt.Ending ending)
    {
        if (_pipeline.TakeSteps() is { } steps)
            Context.Parent.Tell(steps);
        Context.Parent.Tell(new Attempt.Ended(ending));
        Become(_ => { });
        Context.Stop(Self);
    }

    protected override void PostStop()
    {
        _ended.Cancel();
        _ended.Dispose();
        _pipeline.Dispose();
        // Nothing to a connection that is closed; a reset to one that is not.
        _connection?.Abort();
        if (_connection is null && _connecting is not null)
            _ = ConnectionActor.AbortAsync(_connecting);
    }

    /// <summary>The kernel had room again and took some of what it was offered: the rest is offered again.</summary>
    private sealed record Retry(int Taken) : IDeadLetterSuppression;

    private sealed record Heard(int Count) : IDeadLetterSuppression;

    private sealed record Broken(string Reason) : IDeadLetterSuppression;

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        Continue,
        LeavePlace,
        BusyCheck,
        BlockedReport,
        AnswerCheck,
        Deadline,
        Finished,
    }
}
