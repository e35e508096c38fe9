using ActorSockets.Tests.Support;
using ActorSockets.Ticker;

namespace ActorSockets.Tests.Ticker;

public sealed class TickerActorSpecs() : Specs(VirtualTime)
{
    [Fact]
    public void Counts_one_two_three_at_every_interval()
    {
        var ticks = SubscribeTo<Ticked>();
        Sys.ActorOf(TickerActor.Props(TimeSpan.FromSeconds(2)));
        for (var number = 1; number <= 3; number++)
        {
            AwaitCondition(() =>
            {
                Advance(TimeSpan.FromMilliseconds(500));
                return ticks.HasMessages;
            });
            var tick = ticks.ExpectMsg<Ticked>();
            Assert.Equal(number, tick.Number);
            Assert.InRange(tick.Lateness, TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
        }
    }
}
