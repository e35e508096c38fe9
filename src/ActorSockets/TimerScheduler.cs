using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace ActorSockets;

/// <summary>
/// Akka's scheduler on the timers of .NET: nothing runs while nothing is due, and what is due comes within about a
/// millisecond. Akka's own turns a wheel every 10 ms, which costs 3 to 4 % of a core for as long as the program waits, and
/// is late by up to that (1.5.74). Named in <c>reference.conf</c>, akka.scheduler.
/// </summary>
internal sealed class TimerScheduler(Config config, ILoggingAdapter log) : SchedulerBase(config, log), IDateTimeOffsetNowTimeProvider, IDisposable
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    private volatile bool _stopped;

    public override TimeSpan MonotonicClock => Stopwatch.GetElapsedTime(Start);

    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    protected override DateTimeOffset TimeNow => DateTimeOffset.Now;

    /// <summary>What is due after this is not run.</summary>
    public void Dispose() => _stopped = true;

    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(delay, Timeout.InfiniteTimeSpan, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) =>
        Schedule(delay, Timeout.InfiniteTimeSpan, action, cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) =>
        Schedule(delay, Timeout.InfiniteTimeSpan, action.Run, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) =>
        Schedule(initialDelay, interval, action, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) =>
        Schedule(initialDelay, interval, action.Run, cancelable);

    private void Schedule(TimeSpan delay, TimeSpan interval, Action action, ICancelable? cancelable)
    {
        if (cancelable?.IsCancellationRequested != true && !_stopped)
            new Registration(this, action, interval, cancelable).Begin(delay);
    }

    private sealed class Registration
    {
        private readonly TimerScheduler _scheduler;
        private readonly Action _action;
        private readonly TimeSpan _interval;
        private readonly ICancelable? _cancelable;
        private readonly Timer _timer;
        private CancellationTokenRegistration _cancellation;

        public Registration(TimerScheduler scheduler, Action action, TimeSpan interval, ICancelable? cancelable)
        {
            (_scheduler, _action, _interval, _cancelable) = (scheduler, action, interval, cancelable);
            _timer = new Timer(static self => ((Registration)self!).Run(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public void Begin(TimeSpan delay)
        {
            _timer.Change(delay, _interval);
            // A timer that is cancelled goes at once: thousands of them are set for minutes and hardly ever come due.
            _cancellation = _cancelable?.Token.UnsafeRegister(static self => ((Registration)self!)._timer.Dispose(), this) ?? default;
        }

        private void Run()
        {
            var isOver = _scheduler._stopped || _cancelable?.IsCancellationRequested == true;
            if (isOver || _interval == Timeout.InfiniteTimeSpan)
            {
                _timer.Dispose();
                _cancellation.Dispose();
            }

            try
            {
                if (!isOver)
                    _action();
            }
            catch (Exception e)
            {
                _scheduler.Log.Error(e, "a scheduled action failed");
            }
        }
    }
}
