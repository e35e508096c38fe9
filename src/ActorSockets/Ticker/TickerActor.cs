using Akka.Actor;

namespace ActorSockets.Ticker;

/// <summary>A tick of the local task.</summary>
/// <param name="Number">1, 2, 3, …</param>
/// <param name="Lateness">How long after its due time it came.</param>
public sealed record Ticked(long Number, TimeSpan Lateness);

/// <summary>
/// Stands in for the rest of the program: publishes a <see cref="Ticked"/> every interval, and how late it was, which is
/// the measure of "nothing blocks". Due times are counted from the start, so that lateness does not add up.
/// </summary>
/// <remarks>
/// On a timer of .NET and not of Akka, whose wheel turns every 10 ms: the wheel's own grain was most of what it measured
/// (p50 12 ms, p99 22 to 28 ms in the demo).
/// </remarks>
internal sealed class TickerActor : UntypedActor
{
    private readonly TimeSpan _interval;
    private readonly Timer _timer;
    private TimeSpan _startedAt;
    private long _number;

    public TickerActor(TimeSpan interval)
    {
        _interval = interval;
        var self = Self;
        _timer = new Timer(_ => self.Tell(Tick.Instance));
    }

    public static Props Props(TimeSpan interval) => Akka.Actor.Props.Create(() => new TickerActor(interval));

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

        var lateness = Now - (_startedAt + (_number + 1) * _interval);
        _number++;
        Context.System.EventStream.Publish(new Ticked(_number, lateness < TimeSpan.Zero ? TimeSpan.Zero : lateness));
        ScheduleNext();
    }

    private void ScheduleNext()
    {
        var wait = _startedAt + (_number + 1) * _interval - Now;
        _timer.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
    }

    protected override void PostStop() => _timer.Dispose();

    private sealed class Tick : INotInfluenceReceiveTimeout
    {
        public static readonly Tick Instance = new();
    }
}
