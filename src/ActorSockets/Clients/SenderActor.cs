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
    private const string RetryKey = "retry";
    private const string GiveUpKey = "give-up";

    private readonly TargetSettings _target;
    private readonly DeliveryQueue _queue;
    private readonly IActorRef _tcp;
    private IActorRef _connection = ActorRefs.Nobody;
    private string _trouble = "";

    public SenderActor(TargetSettings target, DeliveryQueue queue, IActorRef tcp)
    {
        _target = target;
        _queue = queue;
        _tcp = tcp;
    }

    public static Props Props(TargetSettings target, DeliveryQueue queue, IActorRef tcp) =>
        Akka.Actor.Props.Create(() => new SenderActor(target, queue, tcp));

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
        Timers.StartSingleTimer(GiveUpKey, GiveUp.Instance, _target.GiveUpAfter);
        BackOff("the sender crashed");
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void OnReceive(object message) => Idle(message);

    private void Idle(object message)
    {
        if (message is Deliveries.Deliver deliver)
        {
            Enqueue(deliver);
            Next();
        }
        else
        {
            Unhandled(message);
        }
    }

    private void Attempting(object message)
    {
        switch (message)
        {
            case ConnectionActor.Opened opened when FromConnection:
                Current.Length = opened.Length;
                break;
            case ConnectionActor.Established established when FromConnection:
                Publish(new Deliveries.Connected(_target.Name, Id, Current.Attempts, established.Endpoint, Current.Length));
                break;
            case ConnectionActor.Progressed progressed when FromConnection:
                Current.Progress(progressed.Taken, Now);
                break;
            case ConnectionActor.Stalled stalled when FromConnection:
                Publish(new Deliveries.Blocked(_target.Name, Id, Current.Taken, Current.Length - Current.Taken, stalled.Since));
                break;
            case ConnectionActor.Resumed resumed when FromConnection:
                Current.Blocked += resumed.Lasted;
                Publish(new Deliveries.Unblocked(_target.Name, Id, resumed.Lasted));
                break;
            case ConnectionActor.Ended ended when FromConnection:
                Context.Unwatch(_connection);
                _connection = ActorRefs.Nobody;
                Conclude(ended.Ending);
                break;
            case Terminated terminated when terminated.ActorRef.Equals(_connection):
                _connection = ActorRefs.Nobody;
                BackOff("the connection actor crashed");
                break;
            case GiveUp when TimeLeft() > TimeSpan.Zero:
                Timers.StartSingleTimer(GiveUpKey, GiveUp.Instance, TimeLeft());
                break;
            case GiveUp:
                Context.Unwatch(_connection);
                Context.Stop(_connection);
                Fail(GaveUp(_trouble));
                break;
            default:
                WhileBusy(message);
                break;
        }
    }

    private void BackingOff(object message)
    {
        switch (message)
        {
            case Retry:
                Attempt();
                break;
            case GiveUp:
                Fail(GaveUp(_trouble));
                break;
            default:
                WhileBusy(message);
                break;
        }
    }

    private void WhileBusy(object message)
    {
        if (message is Deliveries.Deliver deliver)
            Enqueue(deliver);
        else
            Unhandled(message);
    }

    private bool FromConnection => Sender.Equals(_connection);

    private void Enqueue(Deliveries.Deliver deliver)
    {
        if (_queue.TryAdd(new Delivery(deliver, Sender)))
            return;
        var rejected = new Deliveries.Rejected(deliver.Target, deliver.Id, $"{_target.MaxQueued} deliveries wait already (max-queued)");
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
            return;
        }

        (Current.StartedAt, Current.ProgressAt) = (Now, Now);
        Timers.StartSingleTimer(GiveUpKey, GiveUp.Instance, _target.GiveUpAfter);
        Attempt();
    }

    private void Attempt()
    {
        Current.BeginAttempt();
        _connection = Context.ActorOf(ConnectionActor.Props(_target, Current.Command.Payload, Current.Attempts, _tcp));
        Context.Watch(_connection);
        Publish(new Deliveries.Connecting(_target.Name, Id, Current.Attempts, _target.Endpoint));
        Become(Attempting);
    }

    private void Conclude(ConnectionActor.Ending ending)
    {
        switch (ending)
        {
            case ConnectionActor.Confirmed:
                Finish(new Deliveries.Delivered(_target.Name, Id, Current.ReportAt(Now)));
                break;
            case ConnectionActor.Unconfirmed unconfirmed:
                Finish(new Deliveries.Unconfirmed(_target.Name, Id, unconfirmed.Reason, Current.ReportAt(Now)));
                break;
            case ConnectionActor.Busy:
                Fail($"{_target.Endpoint} is busy (on-busy = fail)");
                break;
            case ConnectionActor.BadPayload bad:
                Fail(bad.Reason);
                break;
            case ConnectionActor.Lost lost:
                BackOff(lost.Reason);
                break;
        }
    }

    private void BackOff(string reason)
    {
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
            Timers.StartSingleTimer(RetryKey, Retry.Instance, delay);
            // The give-up timer may sleep longer than is left: time without progress went on while the attempt ran.
            Timers.StartSingleTimer(GiveUpKey, GiveUp.Instance, TimeLeft());
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
        Current.ReplyTo.Tell(outcome);
        Publish(outcome);
        Next();
    }

    private static void Publish(Deliveries.IDeliveryEvent happened) => Context.System.EventStream.Publish(happened);

    private sealed class Retry
    {
        public static readonly Retry Instance = new();
    }

    private sealed class GiveUp
    {
        public static readonly GiveUp Instance = new();
    }
}
