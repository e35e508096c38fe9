using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace ActorSockets.Platform;

/// <summary>
/// Akka's scheduler on one thread that sleeps until something is due: nothing runs meanwhile, and what is due comes within
/// about a millisecond, however busy the thread pool is. Akka's own turns a wheel every 10 ms, which costs 3 to 4 % of a core
/// for as long as the program waits, and is late by up to that (1.5.74). Named in <c>reference.conf</c>, akka.scheduler.
/// </summary>
internal sealed class TimerScheduler : SchedulerBase, IDateTimeOffsetNowTimeProvider, IDisposable
{
    // The longest sleep: a wait cannot be told more than some weeks.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly object _sync = new();
    private readonly SortedSet<Registration> _waiting = new(Comparer<Registration>.Create((a, b) => (a.DueAt, a.Number).CompareTo((b.DueAt, b.Number))));
    private long _number;
    private bool _stopped;

    public TimerScheduler(Config config, ILoggingAdapter log) : base(config, log) =>
        new Thread(Run) { IsBackground = true, Name = "actor-sockets timers" }.Start();

    public override TimeSpan MonotonicClock => Stopwatch.GetElapsedTime(_start);

    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    protected override DateTimeOffset TimeNow => DateTimeOffset.Now;

    /// <summary>What is due after this is not run.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            _stopped = true;
            _waiting.Clear();
            Monitor.Pulse(_sync);
        }
    }

    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(delay, null, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) =>
        Schedule(delay, null, action, cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) =>
        Schedule(delay, null, action.Run, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) =>
        Schedule(initialDelay, interval, action, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) =>
        Schedule(initialDelay, interval, action.Run, cancelable);

    private void Schedule(TimeSpan delay, TimeSpan? interval, Action action, ICancelable? cancelable)
    {
        var registration = new Registration(Interlocked.Increment(ref _number), action, interval) { DueAt = MonotonicClock + delay };
        if (cancelable is not null)
        {
            registration.Cancelable = cancelable;
            // It goes at once: thousands are set for minutes and hardly ever come due.
            registration.Cancellation = cancelable.Token.UnsafeRegister(_ => Remove(registration), null);
        }

        Add(registration);
    }

    private void Add(Registration registration)
    {
        lock (_sync)
        {
            if (_stopped || registration.Cancelable?.IsCancellationRequested == true)
                return;
            _waiting.Add(registration);
            if (_waiting.Min == registration)
                Monitor.Pulse(_sync);
        }
    }

    private void Remove(Registration registration)
    {
        lock (_sync)
            _waiting.Remove(registration);
    }

    private void Run()
    {
        while (NextDue() is { } due)
        {
            try
            {
                if (due.Cancelable?.IsCancellationRequested != true)
                    due.Action();
            }
            catch (Exception e)
            {
                Log.Error(e, "a scheduled action failed");
            }

            if (due.Interval is { } interval)
            {
                // What was missed, as in a process that was stopped, is not made up for.
                var now = MonotonicClock;
                due.DueAt = due.DueAt + interval > now ? due.DueAt + interval : now + interval;
                Add(due);
            }
            else
            {
                due.Cancellation.Unregister();
            }
        }
    }

    /// <summary>Waits for it; null when there will be no more.</summary>
    private Registration? NextDue()
    {
        lock (_sync)
        {
            while (!_stopped)
            {
                var next = _waiting.Min;
                var wait = next is null ? Longest : next.DueAt - MonotonicClock;
                if (next is not null && wait <= TimeSpan.Zero)
                {
                    _waiting.Remove(next);
                    return next;
                }

                // Whole milliseconds are what a wait is told.
                Monitor.Wait(_sync, (int)Math.Ceiling(Math.Min(wait.TotalMilliseconds, Longest.TotalMilliseconds)));
            }

            return null;
        }
    }

    private sealed class Registration(long number, Action action, TimeSpan? interval)
    {
        public long Number { get; } = number;

        public Action Action { get; } = action;

        public TimeSpan? Interval { get; } = interval;

        public TimeSpan DueAt { get; set; }

        public ICancelable? Cancelable { get; set; }

        public CancellationTokenRegistration Cancellation { get; set; }
    }
}
