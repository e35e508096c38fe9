using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.TestKit;

namespace ActorSockets.Tests.Support;

/// <summary>The TestKit's scheduler moves timers only; here its monotonic clock stands still with them (real time in 1.5.74).</summary>
public sealed class VirtualTimeScheduler(Config config, ILoggingAdapter log) : TestScheduler(config, log), IScheduler
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow.AddYears(-1);

    TimeSpan ITimeProvider.MonotonicClock => Now - Start;

    TimeSpan ITimeProvider.HighResMonotonicClock => Now - Start;
}
