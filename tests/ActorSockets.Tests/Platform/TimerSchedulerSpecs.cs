using ActorSockets.Platform;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorSockets.Tests.Platform;

public sealed class TimerSchedulerSpecs : IDisposable
{
    private readonly TimerScheduler _timers = new(Config.Empty, NoLogger.Instance);
    private readonly IActionScheduler _scheduler;

    public TimerSchedulerSpecs() => _scheduler = _timers;

    [Fact]
    public async Task Runs_what_is_due_and_not_what_was_cancelled_before()
    {
        var ran = new TaskCompletionSource();
        using var cancelled = new Cancelable(_scheduler);
        var wrong = false;
        _scheduler.ScheduleOnce(TimeSpan.FromMilliseconds(20), () => wrong = true, cancelled);
        cancelled.Cancel();
        _scheduler.ScheduleOnce(TimeSpan.Zero, () => wrong = true, cancelled);
        var before = _timers.MonotonicClock;
        _scheduler.ScheduleOnce(TimeSpan.FromMilliseconds(60), ran.SetResult);
        await ran.Task.WaitAsync(TimeSpan.FromSeconds(15));
        Assert.False(wrong);
        Assert.True(_timers.MonotonicClock - before >= TimeSpan.FromMilliseconds(60));
    }

    [Fact]
    public async Task Runs_in_the_order_of_time_whatever_was_asked_for_first()
    {
        var (ran, all) = (new List<int>(), new TaskCompletionSource());
        _scheduler.ScheduleOnce(TimeSpan.FromHours(1), () => ran.Add(3));
        _scheduler.ScheduleOnce(TimeSpan.FromMilliseconds(40), () =>
        {
            ran.Add(2);
            all.SetResult();
        });
        _scheduler.ScheduleOnce(TimeSpan.FromMilliseconds(10), () => ran.Add(1));
        await all.Task.WaitAsync(TimeSpan.FromSeconds(15));
        Assert.Equal([1, 2], ran);
    }

    [Fact]
    public async Task Repeats_until_it_is_cancelled_and_survives_what_fails()
    {
        var (third, count) = (new TaskCompletionSource(), 0);
        using var cancelable = new Cancelable(_scheduler);
        _scheduler.ScheduleRepeatedly(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), () =>
        {
            if (Interlocked.Increment(ref count) == 3)
            {
                cancelable.Cancel();
                third.SetResult();
            }

            throw new InvalidOperationException("as a test");
        }, cancelable);
        await third.Task.WaitAsync(TimeSpan.FromSeconds(15));
        var later = new TaskCompletionSource();
        _scheduler.ScheduleOnce(TimeSpan.FromMilliseconds(50), later.SetResult);
        await later.Task.WaitAsync(TimeSpan.FromSeconds(15));
        Assert.Equal(3, count);
    }

    [Fact]
    public async Task Runs_nothing_after_its_end()
    {
        var ran = false;
        _scheduler.ScheduleOnce(TimeSpan.FromMilliseconds(10), () => ran = true);
        _timers.Dispose();
        var later = new TaskCompletionSource();
        using var other = new TimerScheduler(Config.Empty, NoLogger.Instance);
        ((IActionScheduler)other).ScheduleOnce(TimeSpan.FromMilliseconds(50), later.SetResult);
        await later.Task.WaitAsync(TimeSpan.FromSeconds(15));
        Assert.False(ran);
    }

    public void Dispose() => _timers.Dispose();
}
