using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Protocols.Deliveries;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// One target that speaks the deliveries protocol: its queue, its attempts, its outcomes. A
/// <see cref="PipelineConnectionActor"/> carries as many deliveries as there are, and outlives each.
/// <code>
///   Idle ── Deliver ──► Sending ── all have their outcome, idle-timeout, the connection's end ──► Idle
///                        ▲   │  lost, or the target says later
///                  Retry │   ▼
///                      BackingOff: nothing begins; what is unanswered on a connection goes on
/// </code>
/// A delivery that ends for now goes back to its place in the queue. Each is given up by its own clock.
/// </summary>
internal sealed class PipelineSenderActor : TargetActor
{
    private readonly IActorRef _gate;
    private readonly IConnector _connector;
    private readonly InactivityTimeout _progress;
    private IActorRef _connection = ActorRefs.Nobody;
    private Pipelined.Greeted? _greeting;
    private TimeSpan _progressPublishedAt;
    private TimeSpan? _retryAt;
    private (Delivery Delivery, TimeSpan Since)? _blocked;
    private bool _finishing;
    private bool _saidPatience;

    public PipelineSenderActor(TargetSettings target, DeliveryQueue queue, IActorRef gate, IConnector connector) : base(target, queue)
    {
        _gate = gate;
        _connector = connector;
        _progress = new InactivityTimeout(target.GiveUpAfter);
    }

    public static Props Props(TargetSettings target, DeliveryQueue queue, IActorRef gate, IConnector connector) =>
        PlainProps.Of(() => new PipelineSenderActor(target, queue, gate, connector));

    private bool HasConnection => !_connection.IsNobody();

    protected override void PreStart()
    {
        // What was under way when a predecessor crashed goes on under the same ids.
        LoseUnderWay(FailureKind.Internal, "the sender crashed");
        Advance();
    }

    protected override void OnReceive(object message) => Idle(message);

    protected override void Idle(object message)
    {
        switch (message)
        {
            case Pipelined.Steps steps when FromConnection:
                foreach (var step in steps.All)
                    Take(step);
                _progress.Restart();
                Advance();
                break;
            case Pipelined.Greeted greeted when FromConnection:
                Greeted(greeted);
                break;
            case Attempt.Moved when FromConnection:
                _progress.Restart();
                break;
            case Attempt.Stalled stalled when FromConnection:
                Blocked(stalled.Since);
                break;
            case Attempt.Resumed when FromConnection:
                Unblocked();
                break;
            case Attempt.Ended ended when FromConnection:
                Lose(ended.Ending);
                break;
            case Terminated terminated when terminated.ActorRef.Equals(_connection):
                Lose(new Attempt.Lost(FailureKind.Internal, "the connection actor crashed"));
                break;
            case Signal.Retry:
                _retryAt = null;
                Advance();
                break;
            case Signal.GiveUp:
                CheckProgress();
                break;
            case Signal.Idle:
                Finish();
                break;
            case Pipelined.Steps or Pipelined.Greeted or Attempt.Moved or Attempt.Stalled or Attempt.Resumed or Attempt.Ended or Terminated:
                // Of a connection that is given up.
                break;
            default:
                AnyTime(message);
                if (message is Deliveries.Deliver or Deliveries.Drain or Deliveries.Cancel or StreamFailed or TargetCommands.Withdraw)
                    Advance();
                break;
        }
    }

    private bool FromConnection => HasConnection && Sender.Equals(_connection);

    /// <summary>Does what can be done now: gives the connection more, makes one, or ends it.</summary>
    private void Advance()
    {
        if (Queue.Next is null && Queue.UnderWay.Count == 0)
        {
            Rest();
            return;
        }

        Timers.Cancel(Signal.Idle);
        if (_retryAt is not null || _finishing || Queue.Next is null)
            return;
        if (!HasConnection)
            Connect(Queue.Next);
        Supply();
    }

    private void Rest()
    {
        Timers.Cancel(Signal.GiveUp);
        if (!HasConnection && Queue.Draining)
            Context.Parent.Tell(new Deliveries.Drained());
        else if (HasConnection && (Queue.Draining || _greeting is null))
            Finish();
        else if (HasConnection && !_finishing && !Timers.IsTimerActive(Signal.Idle))
            Timers.StartSingleTimer(Signal.Idle, Signal.Idle, Target.IdleTimeout);
    }

    private void Finish()
    {
        _finishing = true;
        _connection.Tell(new Pipelined.Finish());
    }

    private void Connect(Delivery first)
    {
        BeginAttempt(first);
        _connection = Context.ActorOf(PipelineConnectionActor.Props(Target, first.Attempts, _gate, _connector));
        Context.Watch(_connection);
        (_greeting, _finishing) = (null, false);
        _progress.Restart();
        Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _progress.CheckInterval);
    }

    /// <summary>Twice the window: the connection always has the next ones at hand.</summary>
    private void Supply()
    {
        List<Pipelined.Work>? work = null;
        while (Queue.UnderWay.Count < 2 * Target.Window && Queue.TryTake() is { } delivery)
            (work ??= []).Add(new Pipelined.Work(delivery.Command.Id, delivery.Command.Payload, Asks: delivery.Command.AttemptsBefore > 0 || delivery.Attempts > (delivery.IsAttempting ? 1 : 0)));
        if (work is not null)
            _connection.Tell(new Pipelined.Send(work));
        if (!Timers.IsTimerActive(Signal.GiveUp))
            Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _progress.CheckInterval);
    }

    private void Take(Pipelined.Step step)
    {
        // One that was cancelled has its outcome.
        if (Queue.FindUnderWay(step.Id) is not { } delivery)
            return;

        switch (step.Kind)
        {
            case Pipelined.StepKind.Begun:
                BeginAttempt(delivery);
                (delivery.Length, delivery.IsConnected) = (step.Bytes, true);
                Publish(new Deliveries.Connected(Target.Name, step.Id, delivery.Attempts, _greeting!.Endpoint, delivery.Length, _greeting.Identity));
                break;
            case Pipelined.StepKind.Resumed:
                delivery.ResumeFrom(step.Bytes);
                if (step.Bytes > 0)
                    Publish(new Deliveries.Resumed(Target.Name, step.Id, step.Bytes, delivery.Length));
                break;
            case Pipelined.StepKind.Taken:
                delivery.Progress(step.Bytes, Now);
                ReportProgress(delivery);
                break;
            case Pipelined.StepKind.Confirming:
                Publish(new Deliveries.Confirming(Target.Name, step.Id));
                break;
            default:
                BeginAttempt(delivery);
                Conclude(delivery, step.Ending!);
                break;
        }
    }

    private void BeginAttempt(Delivery delivery)
    {
        if (delivery.IsAttempting)
            return;
        if (delivery.Attempts == 0)
            (delivery.StartedAt, delivery.ProgressAt) = (Now, Now);
        delivery.BeginAttempt();
        Publish(new Deliveries.Connecting(Target.Name, delivery.Command.Id, delivery.Attempts, Target.Endpoint));
    }

    private void ReportProgress(Delivery delivery)
    {
        if (Now - _progressPublishedAt < Target.ProgressInterval)
            return;
        _progressPublishedAt = Now;
        Publish(new Deliveries.Progressed(Target.Name, delivery.Command.Id, delivery.Taken, delivery.Length));
    }

    private void Conclude(Delivery delivery, Attempt.Ending ending)
    {
        switch (ending)
        {
            case Attempt.Confirmed:
                delivery.Progress(delivery.Length ?? delivery.Taken, Now);
                End(delivery, report => new Deliveries.Delivered(Target.Name, delivery.Command.Id, report));
                break;
            case Attempt.Hopeless hopeless:
                Fail(delivery, hopeless.Kind, hopeless.Reason);
                break;
            case Attempt.Lost { Kind: FailureKind.ReceiptMismatch } lost when ++delivery.Mismatches > 1:
                Fail(delivery, lost.Kind, $"{lost.Reason}; for the second time");
                break;
            case Attempt.Lost lost:
                BackOff(delivery, lost.Kind, lost.Reason);
                break;
        }
    }

    private void BackOff(Delivery delivery, FailureKind kind, string reason)
    {
        EndAttempt(delivery);
        if (Target.MaxAttempts > 0 && delivery.Attempts >= Target.MaxAttempts)
        {
            Fail(delivery, kind, $"{reason}; {delivery.Attempts} attempt{(delivery.Attempts == 1 ? "" : "s")} made (max-attempts)");
            return;
        }

        if (TimeLeft(delivery) <= TimeSpan.Zero)
        {
            GiveUp(delivery, reason);
            return;
        }

        if (GivesBack)
        {
            GiveBack(delivery);
            return;
        }

        Queue.Return(delivery);
        delivery.FruitlessAttempts++;
        if (_retryAt is null)
        {
            var wait = Target.Backoff.Delay(delivery.FruitlessAttempts, Random.Shared.NextDouble());
            _retryAt = Now + wait;
            Timers.StartSingleTimer(Signal.Retry, Signal.Retry, wait);
        }

        Tell(delivery, new Deliveries.BackingOff(Target.Name, delivery.Command.Id, delivery.Attempts, kind, reason, delivery.Taken, _retryAt.Value - Now));
    }

    /// <summary>The connection is gone: what had begun backs off, what had not waits as before.</summary>
    private void Lose(Attempt.Ending ending)
    {
        EndConnection();
        var (kind, reason) = ending switch
        {
            Attempt.Lost lost => (lost.Kind, lost.Reason),
            Attempt.Hopeless hopeless => (hopeless.Kind, hopeless.Reason),
            _ => (FailureKind.ConnectionLost, "the connection ended"),
        };
        foreach (var delivery in ending is Attempt.Hopeless ? Queue.UnderWay.Where(d => d.IsAttempting).ToArray() : [])
            Fail(delivery, kind, reason);
        LoseUnderWay(kind, reason);
        Advance();
    }

    private void LoseUnderWay(FailureKind kind, string reason)
    {
        foreach (var delivery in Queue.UnderWay.ToArray())
        {
            if (delivery.IsAttempting)
                BackOff(delivery, kind, reason);
            else if (GivesBack)
                GiveBack(delivery);
            else
                Queue.Return(delivery);
        }
    }

    /// <summary>Nothing moves: the deliveries whose time is over fail, and the others begin anew.</summary>
    private void CheckProgress()
    {
        if (Queue.UnderWay.Any(d => d.IsDry))
            _progress.Restart();
        var isStuck = HasConnection && _progress.HasExpired();
        Timers.StartSingleTimer(Signal.GiveUp, Signal.GiveUp, _progress.CheckInterval);
        if (!isStuck)
            return;
        foreach (var delivery in Queue.UnderWay.Where(d => d.IsAttempting && !(IsDurable && TimeLeft(d) > TimeSpan.Zero)).ToArray())
            GiveUp(delivery, "");
        Lose(new Attempt.Lost(FailureKind.NoProgress, $"no progress for {Durations.Format(Target.GiveUpAfter)} (give-up-after)"));
    }

    private void GiveUp(Delivery delivery, string lastFailure) =>
        Fail(delivery, FailureKind.NoProgress, Exhausted(lastFailure));

    private void Fail(Delivery delivery, FailureKind kind, string reason) =>
        End(delivery, report => new Deliveries.Failed(Target.Name, delivery.Command.Id, kind, reason, report));

    private void End(Delivery delivery, Func<Deliveries.Report, Deliveries.IOutcome> outcome)
    {
        EndAttempt(delivery);
        Queue.Remove(delivery);
        Tell(delivery, outcome(delivery.ReportAt(Now)));
    }

    private void EndAttempt(Delivery delivery)
    {
        delivery.EndAttempt(Now);
        if (_blocked?.Delivery == delivery)
            Unblocked();
    }

    private void Blocked(TimeSpan since)
    {
        if (_blocked is null)
        {
            if (Queue.UnderWay.LastOrDefault(d => d.IsAttempting) is not { } delivery)
                return;
            _blocked = (delivery, since);
        }

        var blocked = _blocked.Value.Delivery;
        Publish(new Deliveries.Blocked(Target.Name, blocked.Command.Id, blocked.Taken, blocked.Length - blocked.Taken, Now - since));
    }

    private void Unblocked()
    {
        if (_blocked is not var (delivery, since))
            return;
        _blocked = null;
        delivery.Blocked += Now - since;
        Publish(new Deliveries.Unblocked(Target.Name, delivery.Command.Id, Now - since));
    }

    private void Greeted(Pipelined.Greeted greeted)
    {
        _greeting = greeted;
        _progress.Restart();
        if (_saidPatience || greeted.Remembers >= Target.Patience)
            return;
        _saidPatience = true;
        Context.System.EventStream.Publish(new Deliveries.ForgetsEarly(Target.Name, greeted.Remembers, Target.Patience));
    }

    protected override string? WhyNot(Deliveries.Deliver deliver) => DeliveryId.IsValid(deliver.Id)
        ? null
        : $"an id is 1 to {DeliveryId.MaxLength} of A-Z a-z 0-9 . _ : - (protocol = deliveries)";

    protected override void Withdraw(Delivery underWay, FailureKind kind, string reason)
    {
        _connection.Tell(new Pipelined.Withdraw(underWay.Command.Id));
        Fail(underWay, kind, reason);
    }

    protected override void Drop(Delivery underWay)
    {
        _connection.Tell(new Pipelined.Withdraw(underWay.Command.Id));
        EndAttempt(underWay);
        Queue.Remove(underWay);
    }

    private void GiveBack(Delivery delivery)
    {
        Queue.Remove(delivery);
        Withdraw(delivery);
    }

    protected override bool TryRetry()
    {
        if (_retryAt is null)
            return false;
        _retryAt = null;
        Timers.Cancel(Signal.Retry);
        Advance();
        return true;
    }

    protected override void EndUnderWay()
    {
        EndConnection();
        _retryAt = null;
    }

    private void EndConnection()
    {
        Unblocked();
        Context.Unwatch(_connection);
        Context.Stop(_connection);
        (_connection, _greeting, _finishing) = (ActorRefs.Nobody, null, false);
        Timers.Cancel(Signal.Idle);
    }

    /// <summary>What it tells itself; the key of the timer that does, too.</summary>
    private enum Signal
    {
        Retry,
        GiveUp,
        Idle,
    }
}
