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
internal sealed class SenderActor : TargetActor
{
    private readonly IActorRef _gate;
    private readonly IConnector _connector;
    private IActorRef _connection = ActorRefs.Nobody;
    private readonly InactivityTimeout _progress;
    private (FailureKind Kind, string Reason)? _lastFailure;
    private TimeSpan? _confirmingSince;
    private TimeSpan? _blockedSince;
    private TimeSpan _progressPublishedAt;

    public SenderActor(TargetSettings target, DeliveryQueue queue, IActorRef gate, IConnector connector) : base(target, queue)
    {
        _gate = gate;
        _connector = connector;
        _progress = new InactivityTimeout(target.GiveUpAfter);
    }

    public static Props Props(TargetSettings target, DeliveryQueue queue, IActorRef gate, IConnector connector) =>
        PlainProps.Of(() => new SenderActor(target, queue, gate, connector));

    private Delivery Current => Queue.Current!;

    private string Id => Current.Command.Id;

    protected override void PreStart()
    {
        if (Queue.Current is null)
        {
            Next();
            return;
        }

        // We are the replacement of a sender that crashed: its delivery goes on under the same id.
        BackOff(FailureKind.Internal, "the sender crashed");
    }

    protected override void OnReceive(object message) => Idle(message);

    protected override void Idle(object message)
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
                Current.IsConnected = true;
                Publish(new Deliveries.Connected(Target.Name, Id, Current.Attempts, established.Endpoint, Current.Length, established.Identity));
                break;
            case Attempt.Progressed progressed when FromConnection:
                Current.Progress(progressed.Taken, Now);
                _progress.Restart();
                ReportProgress();
                break;
            case Attempt.Stalled stalled when FromConnection:
                _blockedSince ??= stalled.Since;
                Publish(new Deliveries.Blocked(Target.Name, Id, Current.Taken, Current.Length - Current.Taken, Now - stalled.Since));
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
                Publish(new Deliveries.Confirming(Target.Name, Id));
                break;
            case Signal.GiveUp when _confirmingSince is not null:
                break;
            case Signal.GiveUp when IsDurable && _progress.HasExpired() && TimeLeft(Current) > TimeSpan.Zero:
                BackOff(FailureKind.NoProgress, $"no progress for {Durations.Format(Target.GiveUpAfter)} (give-up-after)");
                break;
            case Signal.GiveUp when !Current.IsDry && _progress.HasExpired():
                GiveUp();
                break;
            case Signal.GiveUp:
                if (Current.IsDry)
                    _progress.Restart();
                Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _progress.CheckInterval);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void ReportProgress()
    {
        if (Now - _progressPublishedAt < Target.ProgressInterval)
            return;
        _progressPublishedAt = Now;
        Publish(new Deliveries.Progressed(Target.Name, Id, Current.Taken, Current.Length));
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
                if (message is Deliveries.Drain && GivesBack)
                    GiveBack();
                break;
        }
    }

    private bool FromConnection => Sender.Equals(_connection);

    protected override void Withdraw(Delivery underWay, FailureKind kind, string reason) => Fail(kind, reason);

    protected override void Drop(Delivery underWay)
    {
        EndAttempt();
        Next();
    }

    private void GiveBack()
    {
        Withdraw(Current);
        Next();
    }

    protected override bool TryRetry()
    {
        // Without a connection it backs off.
        if (Queue.Current is null || !_connection.IsNobody())
            return false;
        Timers.Cancel(Signal.Retry);
        BeginAttempt();
        return true;
    }

    private void Next()
    {
        Timers.CancelAll();
        _lastFailure = null;
        if (!Queue.TryAdvance())
        {
            Become(Idle);
            if (Queue.Draining)
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
        _connection = Context.ActorOf(ConnectionActor.Props(Target, Current.Command.Payload, Current.Attempts, _gate, _connector));
        Context.Watch(_connection);
        _progress.Restart();
        Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _progress.CheckInterval);
        Publish(new Deliveries.Connecting(Target.Name, Id, Current.Attempts, Target.Endpoint));
        Become(Attempting);
    }

    private void Conclude(Attempt.Ending ending)
    {
        switch (ending)
        {
            case Attempt.Confirmed:
                Finish(report => Target.Confirm == Confirm.Receipt
                    ? new Deliveries.Delivered(Target.Name, Id, report)
                    : new Deliveries.Sent(Target.Name, Id, Target.Confirm, report));
                break;
            case Attempt.Unconfirmed unconfirmed:
                Finish(report => new Deliveries.Unconfirmed(Target.Name, Id, unconfirmed.Reason, report));
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
        if (Target.MaxAttempts > 0 && Current.Attempts >= Target.MaxAttempts)
        {
            Fail(kind, $"{reason}; {Current.Attempts} attempt{(Current.Attempts == 1 ? "" : "s")} made (max-attempts)");
        }
        else if (TimeLeft(Current) <= TimeSpan.Zero)
        {
            GiveUp();
        }
        else if (GivesBack)
        {
            GiveBack();
        }
        else
        {
            var delay = Target.Backoff.Delay(++Current.FruitlessAttempts, Random.Shared.NextDouble());
            Timers.StartSingleTimer(Signal.Retry, Signal.Retry, delay);
            Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, TimeLeft(Current));
            Tell(Current, new Deliveries.BackingOff(Target.Name, Id, Current.Attempts, kind, reason, Current.Taken, delay));
            Become(BackingOff);
        }
    }

    private void GiveUp()
    {
        var (kind, reason) = _lastFailure ?? (FailureKind.NoProgress, "");
        Fail(kind, Exhausted(reason));
    }

    private void Fail(FailureKind kind, string reason) => Finish(report => new Deliveries.Failed(Target.Name, Id, kind, reason, report));

    private void Finish(Func<Deliveries.Report, Deliveries.IOutcome> outcome)
    {
        EndAttempt();
        Tell(Current, outcome(Current.ReportAt(Now)));
        Next();
    }

    /// <summary>Resets what is still open, and books what the attempt was waiting for when it ended.</summary>
    private void EndAttempt()
    {
        Context.Unwatch(_connection);
        Context.Stop(_connection);
        _connection = ActorRefs.Nobody;
        Current.EndAttempt(Now);
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
        Publish(new Deliveries.Unblocked(Target.Name, Id, Now - since));
    }

    protected override void EndUnderWay()
    {
        if (Queue.Current is not null)
            EndAttempt();
    }

    /// <summary>What it tells itself; the key of the timer that does, too.</summary>
    private enum Signal
    {
        Retry,
        GiveUp,
    }
}
