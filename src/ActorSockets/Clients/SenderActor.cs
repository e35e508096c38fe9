using ActorSockets.Configuration;
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
    private readonly IActorRef _tcp;
    private IActorRef _connection = ActorRefs.Nobody;
    private string _trouble = "";
    private readonly Quarters _patience;
    private bool _confirming;
    private TimeSpan _saidAt;

    public SenderActor(TargetSettings target, DeliveryQueue queue, IActorRef gate, IActorRef tcp)
    {
        _target = target;
        _queue = queue;
        _gate = gate;
        _tcp = tcp;
        _patience = new Quarters(target.GiveUpAfter);
    }

    public static Props Props(TargetSettings target, DeliveryQueue queue, IActorRef gate, IActorRef tcp) =>
        Actors.Props(() => new SenderActor(target, queue, gate, tcp));

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
        BackOff("the sender crashed");
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
                Publish(new Deliveries.Connected(_target.Name, Id, Current.Attempts, established.Endpoint, Current.Length));
                break;
            case Attempt.Progressed progressed when FromConnection:
                Current.Progress(progressed.Taken, Now);
                _patience.Reset();
                ReportProgress();
                break;
            case Attempt.Stalled stalled when FromConnection:
                Publish(new Deliveries.Blocked(_target.Name, Id, Current.Taken, Current.Length - Current.Taken, stalled.Since));
                break;
            case Attempt.Resumed resumed when FromConnection:
                Current.Blocked += resumed.Lasted;
                Publish(new Deliveries.Unblocked(_target.Name, Id, resumed.Lasted));
                break;
            case Attempt.Ended ended when FromConnection:
                Conclude(ended.Ending);
                break;
            case Terminated terminated when terminated.ActorRef.Equals(_connection):
                BackOff("the connection actor crashed");
                break;
            case Attempt.Confirming when FromConnection:
                // All is taken: from here on the peer has confirm-timeout, and after it the delivery is Unconfirmed.
                _confirming = true;
                Publish(new Deliveries.Confirming(_target.Name, Id));
                break;
            case Signal.GiveUp when _confirming:
                break;
            case Signal.GiveUp when _patience.IsOver():
                Fail(GaveUp(_trouble));
                break;
            case Signal.GiveUp:
                Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _patience.Length);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void ReportProgress()
    {
        if (Now - _saidAt < _target.ProgressInterval)
            return;
        _saidAt = Now;
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
                Fail(GaveUp(_trouble));
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
            case Deliveries.Deliver deliver when _queue.Contains(deliver.Id):
                Reject(deliver.Id, "a delivery of this id is waiting or under way");
                break;
            case Deliveries.Deliver deliver when _queue.TryAdd(new Delivery(deliver, Sender)):
                break;
            case Deliveries.Deliver deliver:
                Reject(deliver.Id, $"{_target.MaxQueued} deliveries wait already (max-queued)");
                break;
            case Deliveries.Cancel cancel when _queue.Current?.Command.Id == cancel.Id:
                Sender.Tell(new Deliveries.Cancelled(_target.Name, cancel.Id));
                Fail("cancelled");
                break;
            case Deliveries.Cancel cancel when _queue.TryRemove(cancel.Id) is { } waiting:
                Sender.Tell(new Deliveries.Cancelled(_target.Name, cancel.Id));
                Finish(waiting, new Deliveries.Failed(_target.Name, cancel.Id, "cancelled", waiting.ReportAt(waiting.StartedAt)));
                break;
            case Deliveries.Cancel cancel:
                Sender.Tell(new Deliveries.NotCancelled(_target.Name, cancel.Id));
                break;
            case Deliveries.Drain:
                _queue.Draining = true;
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
        _trouble = "";
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
        (_confirming, _saidAt) = (false, Now);
        _connection = Context.ActorOf(ConnectionActor.Props(_target, Current.Command.Payload, Current.Attempts, _gate, _tcp));
        Context.Watch(_connection);
        _patience.Reset();
        Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _patience.Length);
        Publish(new Deliveries.Connecting(_target.Name, Id, Current.Attempts, _target.Endpoint));
        Become(Attempting);
    }

    private void Conclude(Attempt.Ending ending)
    {
        switch (ending)
        {
            case Attempt.Confirmed:
                Finish(new Deliveries.Delivered(_target.Name, Id, Current.ReportAt(Now)));
                break;
            case Attempt.Unconfirmed unconfirmed:
                Finish(new Deliveries.Unconfirmed(_target.Name, Id, unconfirmed.Reason, Current.ReportAt(Now)));
                break;
            case Attempt.Busy:
                Fail($"{_target.Endpoint} is busy (on-busy = fail)");
                break;
            case Attempt.BadPayload bad:
                Fail(bad.Reason);
                break;
            case Attempt.Lost lost:
                BackOff(lost.Reason);
                break;
        }
    }

    private void BackOff(string reason)
    {
        Context.Unwatch(_connection);
        _connection = ActorRefs.Nobody;
        _trouble = reason;
        if (_target.MaxAttempts > 0 && Current.Attempts >= _target.MaxAttempts)
        {
            Fail($"{reason}; {Current.Attempts} attempt{(Current.Attempts == 1 ? "" : "s")} made (max-attempts)");
        }
        else if (TimeLeft() <= TimeSpan.Zero)
        {
            Fail(GaveUp(reason));
        }
        else
        {
            var delay = _target.Backoff.Delay(++Current.FruitlessAttempts, Random.Shared.NextDouble());
            Timers.StartSingleTimer(Signal.Retry, Signal.Retry, delay);
            Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, TimeLeft());
            Publish(new Deliveries.BackingOff(_target.Name, Id, Current.Attempts, reason, Current.Taken, delay));
            Become(BackingOff);
        }
    }

    private TimeSpan TimeLeft() => _target.GiveUpAfter - (Now - Current.ProgressAt);

    private string GaveUp(string trouble) =>
        $"no progress for {Durations.Format(_target.GiveUpAfter)} (give-up-after){(trouble.Length == 0 ? "" : $"; last trouble: {trouble}")}";

    private void Fail(string reason) => Finish(new Deliveries.Failed(_target.Name, Id, reason, Current.ReportAt(Now)));

    private void Finish(Deliveries.IOutcome outcome)
    {
        // Still there when we give up or are told to. One whose peer has not confirmed yet goes on by itself for a while:
        // a reset would take from the peer what it may still read.
        Context.Unwatch(_connection);
        if (outcome is not Deliveries.Unconfirmed)
            Context.Stop(_connection);
        _connection = ActorRefs.Nobody;
        Finish(Current, outcome);
        Next();
    }

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
