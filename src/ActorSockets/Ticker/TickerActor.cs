using ActorSockets.Events;
using ActorSockets.Platform;
using Akka.Actor;

namespace ActorSockets.Ticker;

/// <summary>
/// Stands in for the rest of the program: publishes a <see cref="Ticked"/> every interval, and how late it was, which is
/// the measure of "nothing blocks". Due times are counted from the start, so that lateness does not add up.
/// </summary>
internal sealed class TickerActor(TimeSpan interval) : UntypedActor, IWithTimers
{
    private TimeSpan _startedAt;
    private long _number;

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(TimeSpan interval) => PlainProps.Of(() => new TickerActor(interval)).WithDispatcher(Dispatchers.Ticker);

    private static TimeSpan Now => Context.System.Scheduler.HighResMonotonicClock;

    protected override void PreStart()
    {
        _startedAt = Now;
        ScheduleNext();
    }

    protected override void OnReceive(object message)
    {
        if (message is not Tick)
        {
            Unhandled(message);
            return;
        }

        _number++;
        Context.System.EventStream.Publish(new Ticked(_number, Now - (_startedAt + _number * interval)));
        ScheduleNext();
    }

    private void ScheduleNext()
    {
        var wait = _startedAt + (_number + 1) * interval - Now;
        Timers.StartSingleTimer(Tick.Instance, Tick.Instance, wait < TimeSpan.Zero ? TimeSpan.Zero : wait);
    }

    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }
}
