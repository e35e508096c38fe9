using ActorSockets.Clients;

namespace ActorSockets.Tests.Clients;

public sealed class BackoffSpecs
{
    private static readonly Backoff Backoff = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30));

    [Theory]
    [InlineData(1, 500)]
    [InlineData(2, 1000)]
    [InlineData(6, 16_000)]
    [InlineData(7, 30_000)]
    [InlineData(int.MaxValue, 30_000)]
    public void Doubles_up_to_the_maximum_with_full_jitter(int attempts, int ceiling)
    {
        Assert.Equal(TimeSpan.Zero, Backoff.Delay(attempts, 0));
        Assert.Equal(TimeSpan.FromMilliseconds(ceiling / 2.0), Backoff.Delay(attempts, 0.5));
        Assert.InRange(Backoff.Delay(attempts, 0.999_999), TimeSpan.FromMilliseconds(ceiling * 0.99), TimeSpan.FromMilliseconds(ceiling));
    }
}
