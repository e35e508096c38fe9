using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// One target: its queue, its attempts, its outcomes. The bytes are moved by a <see cref="ConnectionActor"/> per attempt,
/// so that nothing of an old connection can reach a new one.
/// <code>
///           Deliver                 Confirmed
///   Idle ────────────► Attempting ─────────────► Delivered  ──► the next one, or Idle
///                       ▲      │  Unconfirmed, Busy, unreadable, gave up ──► Unconfirmed, Failed ──► likewise
///                 Retry │      │ Lost, crashed
///                      BackingOff
/// </code>
/// </summary>
internal sealed class SenderActor : UntypedActor, IWithTimers
{
    private readonly TargetSettings _target;
    private readonly DeliveryQueue _queue;
    private readonly IActorRef _gate;
    private readonly IConnector _connector;
    private IActorRef _connection = ActorRefs.Nobody;
    private readonly InactivityTimeout _progress;
    private (FailureKind Kind, string Reason)? _lastFailure;
    private TimeSpan? _confirmingSince;
    private TimeSpan? _blockedSince;
    private TimeSpan _progressPublishedAt;

    public SenderActor(TargetSettings target, DeliveryQueue queue, IActorRef gate, IConnector connector)
    {
        _target = target;
        _queue = queue;
        _gate = gate;
        _connector = connector;
        _progress = new InactivityTimeout(target.GiveUpAfter);
    }

    public static Props Props(TargetSettings target, DeliveryQueue queue, IActorRef gate, IConnector connector) =>
        PlainProps.Of(() => new SenderActor(target, queue, gate, connector));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    private Delivery Current => _queue.Current!;

    private string Id => Current.Command.Id;

    protected override void PreStart()
    {
        if (_queue.Current is null)
        {
            Next();
            return;
        }

        // We are the replacement of a sender that crashed: its delivery goes on under the same id.
        BackOff(FailureKind.Internal, "the sender crashed");
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void OnReceive(object message) => Idle(message);

    private void Idle(object message)
    {
        AnyTime(message);
        if (message is Deliveries.Deliver or Deliveries.Drain)
            Next();
    }

    private void Attempting(object message)
    {
        switch (message)
        {
            case Attempt.Opened opened when FromConnection:
                Current.Length = opened.Length;
                break;
            case Attempt.Established established when FromConnection:
                Publish(new Deliveries.Connected(_target.Name, Id, Current.Attempts, established.Endpoint, Current.Length, established.Identity));
                break;
            case Attempt.Progressed progressed when FromConnection:
                Current.Progress(progressed.Taken, Now);
                _progress.Restart();
                ReportProgress();
                break;
            case Attempt.Stalled stalled when FromConnection:
                _blockedSince ??= Now - stalled.Since;
                Publish(new Deliveries.Blocked(_target.Name, Id, Current.Taken, Current.Length - Current.Taken, stalled.Since));
                break;
            case Attempt.Resumed when FromConnection:
                Unblocked();
                break;
            case Attempt.Ended ended when FromConnection:
                Conclude(ended.Ending);
                break;
            case Terminated terminated when terminated.ActorRef.Equals(_connection):
                BackOff(FailureKind.Internal, "the connection actor crashed");
                break;
            case Attempt.Confirming when FromConnection:
                // From here on the peer has confirm-timeout, and after it the delivery is Unconfirmed.
                _confirmingSince = Now;
                Publish(new Deliveries.Confirming(_target.Name, Id));
                break;
            case Signal.GiveUp when _confirmingSince is not null:
                break;
            case Signal.GiveUp when _progress.HasExpired():
                GiveUp();
                break;
            case Signal.GiveUp:
                Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _progress.CheckInterval);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void ReportProgress()
    {
        if (Now - _progressPublishedAt < _target.ProgressInterval)
            return;
        _progressPublishedAt = Now;
        Publish(new Deliveries.Progressed(_target.Name, Id, Current.Taken, Current.Length));
    }

    private void BackingOff(object message)
    {
        switch (message)
        {
            case Signal.Retry:
                BeginAttempt();
                break;
            case Signal.GiveUp:
                GiveUp();
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
            case Deliveries.Deliver deliver when _queue.Draining:
                Reject(deliver.Id, "shutting down");
                break;
            case Deliveries.Deliver { Payload: null } deliver:
                Reject(deliver.Id, "the payload is null");
                break;
            case Deliveries.Deliver deliver when _queue.Contains(deliver.Id):
                Reject(deliver.Id, "a delivery with this id is waiting or under way");
                break;
            case Deliveries.Deliver deliver when _queue.TryAdd(new Delivery(deliver, Sender)):
                if (_queue.Current is not null)
                    Publish(new Deliveries.Queued(_target.Name, deliver.Id, _queue.Waiting));
                break;
            case Deliveries.Deliver deliver:
                Reject(deliver.Id, $"{_target.MaxQueued} deliveries are already waiting (max-queued)");
                break;
            case Deliveries.Cancel cancel when _queue.Current?.Command.Id == cancel.Id:
                Sender.Tell(new Deliveries.Cancelled(_target.Name, cancel.Id));
                Fail(FailureKind.Cancelled, "cancelled");
                break;
            case Deliveries.Cancel cancel when _queue.TryRemove(cancel.Id) is { } waiting:
                Sender.Tell(new Deliveries.Cancelled(_target.Name, cancel.Id));
                Finish(waiting, new Deliveries.Failed(_target.Name, cancel.Id, FailureKind.Cancelled, "cancelled", waiting.ReportAt(waiting.StartedAt)));
                break;
            case Deliveries.Cancel cancel:
                Sender.Tell(new Deliveries.NotCancelled(_target.Name, cancel.Id));
                break;
            case Deliveries.Drain:
                _queue.Draining = true;
                break;
            case Deliveries.CutOff:
                CutOff("the program ended before it was delivered");
                Become(Idle);
                Context.Parent.Tell(new Deliveries.Drained());
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private bool FromConnection => Sender.Equals(_connection);

    private void Reject(string id, string reason)
    {
        var rejected = new Deliveries.Rejected(_target.Name, id, reason);
        Sender.Tell(rejected);
        Publish(rejected);
    }

    private void Next()
    {
        Timers.CancelAll();
        _lastFailure = null;
        if (!_queue.TryAdvance())
        {
            Become(Idle);
            if (_queue.Draining)
                Context.Parent.Tell(new Deliveries.Drained());
            return;
        }

        (Current.StartedAt, Current.ProgressAt) = (Now, Now);
        BeginAttempt();
    }

    private void BeginAttempt()
    {
        Current.BeginAttempt();
        _progressPublishedAt = Now;
        _connection = Context.ActorOf(ConnectionActor.Props(_target, Current.Command.Payload, Current.Attempts, _gate, _connector));
        Context.Watch(_connection);
        _progress.Restart();
        Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _progress.CheckInterval);
        Publish(new Deliveries.Connecting(_target.Name, Id, Current.Attempts, _target.Endpoint));
        Become(Attempting);
    }

    private void Conclude(Attempt.Ending ending)
    {
        switch (ending)
        {
            case Attempt.Confirmed:
                Finish(report => _target.Confirm == Confirm.Receipt
                    ? new Deliveries.Delivered(_target.Name, Id, report)
                    : new Deliveries.Sent(_target.Name, Id, _target.Confirm, report));
                break;
            case Attempt.Unconfirmed unconfirmed:
                Finish(report => new Deliveries.Unconfirmed(_target.Name, Id, unconfirmed.Reason, report));
                break;
            case Attempt.Hopeless hopeless:
                Fail(hopeless.Kind, hopeless.Reason);
                break;
            case Attempt.Lost lost:
                BackOff(lost.Kind, lost.Reason);
                break;
        }
    }

    private void BackOff(FailureKind kind, string reason)
    {
        EndAttempt();
        _lastFailure = (kind, reason);
        if (_target.MaxAttempts > 0 && Current.Attempts >= _target.MaxAttempts)
        {
            Fail(kind, $"{reason}; {Current.Attempts} attempt{(Current.Attempts == 1 ? "" : "s")} made (max-attempts)");
        }
        else if (TimeLeft() <= TimeSpan.Zero)
        {
            GiveUp();
        }
        else
        {
            var delay = _target.Backoff.Delay(++Current.FruitlessAttempts, Random.Shared.NextDouble());
            Timers.StartSingleTimer(Signal.Retry, Signal.Retry, delay);
            Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, TimeLeft());
            Publish(new Deliveries.BackingOff(_target.Name, Id, Current.Attempts, kind, reason, Current.Taken, delay));
            Become(BackingOff);
        }
    }

    private TimeSpan TimeLeft() => _target.GiveUpAfter - (Now - Current.ProgressAt);

    private void GiveUp()
    {
        var (kind, reason) = _lastFailure ?? (FailureKind.NoProgress, "");
        Fail(kind, $"no progress for {Durations.Format(_target.GiveUpAfter)} (give-up-after){(reason.Length == 0 ? "" : $"; last failure: {reason}")}");
    }

    private void Fail(FailureKind kind, string reason) => Finish(report => new Deliveries.Failed(_target.Name, Id, kind, reason, report));

    private void Finish(Func<Deliveries.Report, Deliveries.IOutcome> outcome)
    {
        EndAttempt();
        Finish(Current, outcome(Current.ReportAt(Now)));
        Next();
    }

    /// <summary>Resets what is still open, and books what the attempt was waiting for when it ended.</summary>
    private void EndAttempt()
    {
        Context.Unwatch(_connection);
        Context.Stop(_connection);
        _connection = ActorRefs.Nobody;
        Unblocked();
        // Waiting for the peer's answer is not a lack of progress.
        if (_confirmingSince is { } since)
            Current.ProgressAt += Now - since;
        _confirmingSince = null;
    }

    private void Unblocked()
    {
        if (_blockedSince is not { } since)
            return;
        _blockedSince = null;
        Current.Blocked += Now - since;
        Publish(new Deliveries.Unblocked(_target.Name, Id, Now - since));
    }

    /// <summary>Whatever is left gets its outcome now.</summary>
    private void CutOff(string reason)
    {
        Timers.CancelAll();
        if (_queue.Current is not null)
            EndAttempt();
        while (_queue.Current is not null || _queue.TryAdvance())
        {
            var report = Current.ReportAt(Current.Attempts == 0 ? Current.StartedAt : Now);
            Finish(Current, new Deliveries.Failed(_target.Name, Id, FailureKind.Shutdown, reason, report));
            _queue.TryAdvance();
        }
    }

    /// <summary>The queue, and what is under way in it, go to the replacement.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
        foreach (var child in Context.GetChildren())
            Context.Stop(child);
    }

    protected override void PostStop() => CutOff("the sender was stopped");

    private static void Finish(Delivery delivery, Deliveries.IOutcome outcome)
    {
        delivery.ReplyTo.Tell(outcome);
        Publish(outcome);
    }

    private static void Publish(Deliveries.IDeliveryEvent happened) => Context.System.EventStream.Publish(happened);

    /// <summary>What it tells itself; the key of the timer that does, too.</summary>
    private enum Signal
    {
        Retry,
        GiveUp,
    }
}
