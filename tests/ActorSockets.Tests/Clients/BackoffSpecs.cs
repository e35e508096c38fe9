using ActorSockets.Clients;

namespace ActorSockets.Tests.Clients;

public sealed class BackoffSpecs
{
    private static readonly Backoff Backoff = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30));

    [Theory]
    [InlineData(1, 1000)]
    [InlineData(2, 2000)]
    [InlineData(5, 16_000)]
    [InlineData(6, 30_000)]
    [InlineData(int.MaxValue, 30_000)]
    public void Waits_between_the_minimum_and_a_ceiling_that_doubles_up_to_the_maximum(int attempts, int ceiling)
    {
        Assert.Equal(TimeSpan.FromMilliseconds(500), Backoff.Delay(attempts, 0));
        Assert.Equal(TimeSpan.FromMilliseconds((500 + ceiling) / 2.0), Backoff.Delay(attempts, 0.5));
        Assert.InRange(Backoff.Delay(attempts, 0.999_999), TimeSpan.FromMilliseconds(ceiling * 0.99), TimeSpan.FromMilliseconds(ceiling));
    }
}
