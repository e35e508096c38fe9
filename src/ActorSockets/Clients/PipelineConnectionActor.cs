using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Protocols.Deliveries;
using ActorSockets.Transport;
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
/// <see cref="Approach"/> leads from Waiting to Greeting; connect-timeout is for all of it. <see cref="BusyWatch"/> tells when nothing is taken for long.
/// While one buffer is being written, <see cref="Pipeline"/> fills the other one. Reading goes on all the time.
/// </summary>
internal sealed class PipelineConnectionActor : UntypedActor, IWithTimers
{
    private const int AnswerBytes = 8 * 1024;

    private readonly TargetSettings _target;
    private readonly Approach _approach;
    private readonly BusyWatch _busy;
    private readonly SendingEnd _end;
    private readonly Pipeline _pipeline;
    private readonly SendRate _rate;
    private readonly InactivityTimeout _answering;
    private readonly byte[] _answers = new byte[AnswerBytes];
    private TimeSpan _offeredAt;
    private TimeSpan _waitingSince;
    private long _acknowledged;
    private bool _finishing;

    public PipelineConnectionActor(TargetSettings target, int attempt, IActorRef gate, IConnector connector)
    {
        _target = target;
        _approach = new Approach(target, attempt, gate, connector, Self);
        _busy = new BusyWatch(target, Context.Parent);
        _end = new SendingEnd(target.Window);
        _pipeline = new Pipeline(target, _end, Self);
        _rate = new SendRate(target.MaxSendRate);
        _answering = new InactivityTimeout(target.ConfirmTimeout);
    }

    public static Props Props(TargetSettings target, int attempt, IActorRef gate, IConnector connector) =>
        PlainProps.Of(() => new PipelineConnectionActor(target, attempt, gate, connector));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    private string Peer => _approach.Peer;

    protected override void PreStart() => _approach.Enter();

    protected override void OnReceive(object message) => Waiting(message);

    private void Waiting(object message)
    {
        if (message is not ConnectGate.Entered)
        {
            Commanded(message);
            return;
        }

        _approach.Begin(Timers);
        _approach.Connect();
        Become(Connecting);
    }

    private void Connecting(object message)
    {
        if (!_approach.TryHandle(message, Timers, out var ending))
            Commanded(message);
        else if (ending is not null)
            End(ending);
        else if (_approach.Connection is not null)
            AwaitGreeting();
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
            case Approach.Signal.Deadline:
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
            case BusyWatch.Check check:
                if (_busy.Handle(check, _pipeline.Writing is null ? null : _waitingSince, Now, Timers) is { } ending)
                    End(ending);
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
                _approach.Connection!.Close();
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
            case Signal or Approach.Signal or BusyWatch.Check:
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
                    Timers.Cancel(Approach.Signal.Deadline);
                    Timers.StartPeriodicTimer(Signal.AnswerCheck, Signal.AnswerCheck, _answering.CheckInterval);
                    Context.Parent.Tell(new Pipelined.Greeted(_approach.Connection!.Peer, _approach.Connection.Identity, _end.Greeting!.Remembers));
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
        if (_end.Greeting is null)
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
        _busy.Offering(Timers);
        OfferRest(buffer);
    }

    private void OfferRest(WireBuffer buffer)
    {
        var offering = _approach.Connection!.SendAsync(buffer.Rest);
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
        _busy.Took(Timers);
        if (!_pipeline.Took(count, now - _offeredAt))
            OfferRest(_pipeline.Writing!);
        Continue();
    }

    /// <summary>A peer whose kernel has everything, and who is to answer, does so in time.</summary>
    private void CheckAnswers()
    {
        var (acknowledged, all) = _approach.Connection!.Acknowledged() ?? (0, true);
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
        _approach.Connection!.FinishAsync().AsTask().PipeTo(Self, success: _ => Signal.Finished, failure: e => new Broken(e.Message));
    }

    private void Listen() =>
        _approach.Connection!.ReceiveAsync(_answers).AsTask().PipeTo(Self, success: count => new Heard(count), failure: e => new Broken(e.Message));

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
        _pipeline.Dispose();
        _approach.Dispose();
    }

    /// <summary>The kernel had room again and took some of what it was offered: the rest is offered again.</summary>
    private sealed record Retry(int Taken) : IDeadLetterSuppression;

    private sealed record Heard(int Count) : IDeadLetterSuppression;

    private sealed record Broken(string Reason) : IDeadLetterSuppression;

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        Continue,
        AnswerCheck,
        Deadline,
        Finished,
    }
}
