using ActorSockets.Events;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// Watches how long a peer takes nothing of what it is offered, and tells the parent when that is long. One timer for many writes: it fires,
/// looks, and sleeps for the rest. Used by one actor alone, which passes on each <see cref="Check"/>.
/// </summary>
/// <param name="target">What is long, and what follows.</param>
/// <param name="parent">Is told.</param>
internal sealed class BusyWatch(TargetSettings target, IActorRef parent)
{
    private bool _blocked;

    /// <summary>Something new is offered.</summary>
    public void Offering(ITimerScheduler timers)
    {
        if (!timers.IsTimerActive(Check.Busy))
            timers.StartSingleTimer(Check.Busy, Check.Busy, target.BusyAfter);
    }

    /// <summary>The peer's kernel took some.</summary>
    public void Took(ITimerScheduler timers)
    {
        if (!_blocked)
            return;
        _blocked = false;
        timers.Cancel(Check.Report);
        timers.StartSingleTimer(Check.Busy, Check.Busy, target.BusyAfter);
        parent.Tell(new Attempt.Resumed());
    }

    /// <summary>A timer has fired.</summary>
    /// <param name="check">Which.</param>
    /// <param name="waitingSince">Since when nothing was taken; null: nothing is offered.</param>
    /// <param name="now">Now.</param>
    /// <param name="timers">The actor's.</param>
    /// <returns>How the attempt ends; null: it goes on.</returns>
    public Attempt.Ending? Handle(Check check, TimeSpan? waitingSince, TimeSpan now, ITimerScheduler timers)
    {
        if (waitingSince is not { } since || _blocked != (check == Check.Report))
            return null;
        if (check == Check.Report)
            parent.Tell(new Attempt.Stalled(since));
        else if (now - since < target.BusyAfter)
            timers.StartSingleTimer(Check.Busy, Check.Busy, target.BusyAfter - (now - since));
        else if (target.OnBusy == OnBusy.Fail)
            return new Attempt.Hopeless(FailureKind.Busy, $"{target.Endpoint} is busy (on-busy = fail)");
        else
            Block(since, timers);
        return null;
    }

    private void Block(TimeSpan since, ITimerScheduler timers)
    {
        _blocked = true;
        timers.StartPeriodicTimer(Check.Report, Check.Report, target.BlockedReportInterval);
        parent.Tell(new Attempt.Stalled(since));
    }

    /// <summary>What is to be looked at; also the key of the timer that says so.</summary>
    public enum Check
    {
        Busy,
        Report,
    }
}
