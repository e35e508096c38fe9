using ActorSockets.Events;
using ActorSockets.Tests.Support;
using ActorSockets.Ticker;

namespace ActorSockets.Tests.Ticker;

public sealed class TickerActorSpecs : Specs
{
    [Fact]
    public void Counts_one_two_three_and_never_ticks_early()
    {
        var ticks = SubscribeTo<Ticked>();
        var before = Sys.Scheduler.HighResMonotonicClock;
        Sys.ActorOf(TickerActor.Props(TimeSpan.FromMilliseconds(20)));
        for (var number = 1; number <= 5; number++)
        {
            var tick = ticks.ExpectMsg<Ticked>();
            Assert.Equal(number, tick.Number);
            Assert.True(tick.Lateness >= TimeSpan.Zero);
            Assert.True(Sys.Scheduler.HighResMonotonicClock - before >= number * TimeSpan.FromMilliseconds(20));
        }
    }
}
