using ActorSockets.Servers;

namespace ActorSockets.Tests.Servers;

public sealed class ReceiveRateSpecs
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Finds_the_client_that_drips()
    {
        var rate = new ReceiveRate(100);
        Assert.Equal(10, Enumerable.Range(1, 20).First(_ => rate.IsTooLow(Second, 1)));
    }

    [Fact]
    public void Finds_the_client_that_says_nothing() => Assert.True(new ReceiveRate(1).IsTooLow(ReceiveRate.Window, 0));

    [Fact]
    public void Counts_only_the_time_that_the_server_waited()
    {
        var rate = new ReceiveRate(100);
        Assert.DoesNotContain(Enumerable.Range(1, 1000), _ => rate.IsTooLow(TimeSpan.FromMilliseconds(1), 1));
    }

    [Fact]
    public void Begins_anew_with_each_window()
    {
        var rate = new ReceiveRate(100);
        Assert.False(rate.IsTooLow(ReceiveRate.Window, 1000));
        Assert.True(rate.IsTooLow(ReceiveRate.Window, 999));
    }

    [Fact]
    public void Zero_is_any_rate() => Assert.False(new ReceiveRate(0).IsTooLow(TimeSpan.FromDays(1), 0));
}
