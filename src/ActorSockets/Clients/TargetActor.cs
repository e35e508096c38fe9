using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Payloads;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>What the senders of all protocols have in common: the commands about their queue, answers and outcomes.</summary>
internal abstract class TargetActor(TargetSettings target, DeliveryQueue queue) : UntypedActor, IWithTimers
{
    protected TargetSettings Target => target;

    protected DeliveryQueue Queue => queue;

    public ITimerScheduler Timers { get; set; } = null!;

    protected static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected void AnyTime(object message)
    {
        switch (message)
        {
            case Deliveries.Deliver deliver when queue.Draining:
                Reject(deliver.Id, "shutting down");
                break;
            case Deliveries.Deliver { Payload: null } deliver:
                Reject(deliver.Id, "the payload is null");
                break;
            case Deliveries.Deliver deliver when queue.Contains(deliver.Id):
                Reject(deliver.Id, "a delivery with this id is waiting or under way");
                break;
            case Deliveries.Deliver deliver when WhyNot(deliver) is { } reason:
                Reject(deliver.Id, reason);
                break;
            case Deliveries.Deliver deliver when TryAdd(new Delivery(deliver, Sender) { AddedAt = Now }):
                // Those of an outbox are counted there.
                if (queue.Current is not null && !IsDurable)
                    Publish(new Deliveries.Queued(target.Name, deliver.Id, queue.Waiting));
                break;
            case Deliveries.Deliver deliver:
                Reject(deliver.Id, $"{target.MaxQueued} deliveries are already waiting (max-queued)");
                break;
            case Deliveries.Cancel cancel when queue.FindUnderWay(cancel.Id) is { } underWay:
                Sender.Tell(new Deliveries.Cancelled(target.Name, cancel.Id));
                Withdraw(underWay, FailureKind.Cancelled, "cancelled");
                break;
            case Deliveries.Cancel cancel when queue.TryRemove(cancel.Id) is { } waiting:
                Sender.Tell(new Deliveries.Cancelled(target.Name, cancel.Id));
                Tell(waiting, new Deliveries.Failed(target.Name, cancel.Id, FailureKind.Cancelled, "cancelled", ReportOf(waiting)));
                break;
            case StreamFailed failed when queue.FindUnderWay(failed.Delivery.Command.Id) == failed.Delivery:
                Withdraw(failed.Delivery, FailureKind.Payload, failed.Reason);
                break;
            case StreamFailed failed when queue.IsWaiting(failed.Delivery):
                queue.Remove(failed.Delivery);
                Tell(failed.Delivery, new Deliveries.Failed(target.Name, failed.Delivery.Command.Id, FailureKind.Payload, failed.Reason, ReportOf(failed.Delivery)));
                break;
            case StreamFailed:
                // It has its outcome.
                break;
            case Deliveries.Cancel cancel:
                Sender.Tell(new Deliveries.NotCancelled(target.Name, cancel.Id));
                break;
            case TargetCommands.Withdraw withdraw when queue.FindUnderWay(withdraw.Id) is { } underWay:
                Drop(underWay);
                Publish(new Deliveries.Withdrawn(target.Name, withdraw.Id));
                break;
            case TargetCommands.Withdraw withdraw:
                if (queue.TryRemove(withdraw.Id) is not null)
                    Publish(new Deliveries.Withdrawn(target.Name, withdraw.Id));
                break;
            case TargetCommands.RetryNow:
                TryRetry();
                break;
            case Deliveries.Retry when TryRetry():
                Sender.Tell(new Deliveries.Retrying(target.Name));
                break;
            case Deliveries.Retry:
                Sender.Tell(new Deliveries.NotRetrying(target.Name));
                break;
            case Deliveries.Drain:
                queue.Draining = true;
                WithdrawWaiting();
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

    /// <summary>The state without anything to do.</summary>
    protected abstract void Idle(object message);

    /// <summary>Why the delivery cannot be sent at all; null when it can.</summary>
    protected virtual string? WhyNot(Deliveries.Deliver deliver) => null;

    /// <summary>Fails a delivery that is under way, whatever its connection does at the moment.</summary>
    protected abstract void Withdraw(Delivery underWay, FailureKind kind, string reason);

    /// <summary>Takes out a delivery that is under way, without an outcome.</summary>
    protected abstract void Drop(Delivery underWay);

    /// <summary>Makes the next attempt at once, if it waits for that.</summary>
    protected abstract bool TryRetry();

    /// <summary>Ends what is under way, without telling anybody.</summary>
    protected abstract void EndUnderWay();

    private bool TryAdd(Delivery delivery)
    {
        if (!queue.TryAdd(delivery))
            return false;
        // A stream can fail while the delivery backs off, and while the target takes nothing.
        if (delivery.Command.Payload is StreamPayload stream)
            stream.Failure.PipeTo(Self, success: reason => new StreamFailed(delivery, reason));
        return true;
    }

    /// <summary>Whatever is left gets its outcome now.</summary>
    private void CutOff(string reason)
    {
        Timers.CancelAll();
        EndUnderWay();
        while (queue.Current is not null || queue.TryTake() is not null)
        {
            var left = queue.Current!;
            queue.Remove(left);
            if (IsDurable)
                Withdraw(left);
            else
                Tell(left, new Deliveries.Failed(target.Name, left.Command.Id, FailureKind.Shutdown, reason, ReportOf(left)));
        }
    }

    /// <summary>The queue, and what is under way in it, go to the replacement.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
        foreach (var child in Context.GetChildren())
            Context.Stop(child);
    }

    protected override void PostStop() => CutOff("the sender was stopped");

    /// <summary>Whether deliveries come from an outbox, and stay in it until they have their outcome.</summary>
    protected bool IsDurable => target.KeepTryingFor is not null;

    /// <summary>Whether a delivery that has no connection is given back to the outbox, because the program stops.</summary>
    protected bool GivesBack => IsDurable && queue.Draining;

    protected TimeSpan TimeLeft(Delivery delivery) => target.KeepTryingFor is { } longest
        ? longest - delivery.Command.Age - (Now - delivery.AddedAt)
        : target.GiveUpAfter - (Now - delivery.ProgressAt);

    /// <summary>Why a delivery is given up, for people.</summary>
    protected string Exhausted(string lastFailure) => (target.KeepTryingFor is { } longest
        ? $"not delivered within {Durations.Format(longest)} (outbox.give-up-after)"
        : $"no progress for {Durations.Format(target.GiveUpAfter)} (give-up-after)") + (lastFailure.Length == 0 ? "" : $"; last failure: {lastFailure}");

    /// <summary>Gives a delivery that has left the queue back to the outbox.</summary>
    protected void Withdraw(Delivery delivery)
    {
        var withdrawn = new Deliveries.Withdrawn(target.Name, delivery.Command.Id);
        Publish(withdrawn);
        delivery.ReplyTo.Tell(withdrawn);
    }

    private void WithdrawWaiting()
    {
        while (IsDurable && queue.Next is { } waiting)
        {
            queue.Remove(waiting);
            Withdraw(waiting);
        }
    }

    /// <summary>An attempt failed; the outbox notes it.</summary>
    protected void Tell(Delivery delivery, Deliveries.BackingOff failed)
    {
        Publish(failed);
        if (IsDurable)
            delivery.ReplyTo.Tell(failed);
    }

    /// <summary>Published first: whoever handed it over may end the program.</summary>
    protected static void Tell(Delivery delivery, Deliveries.IOutcome outcome)
    {
        Publish(outcome);
        delivery.ReplyTo.Tell(outcome);
    }

    protected static void Publish(Deliveries.IDeliveryEvent happened) => Context.System.EventStream.Publish(happened);

    private static Deliveries.Report ReportOf(Delivery delivery) => delivery.ReportAt(delivery.Attempts == 0 ? delivery.StartedAt : Now);

    private void Reject(string id, string reason)
    {
        var rejected = new Deliveries.Rejected(target.Name, id, reason);
        Publish(rejected);
        Sender.Tell(rejected);
    }

    /// <summary>The stream of a delivery has failed: it has no end, and no target may be told one.</summary>
    protected sealed record StreamFailed(Delivery Delivery, string Reason) : IDeadLetterSuppression;
}
