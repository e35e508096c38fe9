using ActorSockets.Cluster;

namespace ActorSockets.Host.Tests;

/// <summary>How often a target is named that something came for.</summary>
public sealed class GatheredSpecs
{
    private readonly Gathered _gathered = new();

    [Fact]
    public void The_first_is_named_at_once_and_what_follows_together()
    {
        Assert.True(_gathered.Add("berlin"));
        Assert.False(_gathered.Add("berlin"));
        Assert.False(_gathered.Add("berlin"));
        Assert.True(_gathered.Add("oslo"));
        Assert.Equal(["berlin"], _gathered.Tick());
    }

    [Fact]
    public void After_a_quiet_tick_the_next_one_is_named_at_once_again()
    {
        Assert.True(_gathered.Add("berlin"));
        Assert.Empty(_gathered.Tick());
        Assert.True(_gathered.IsEmpty);
        Assert.True(_gathered.Add("berlin"));
    }

    [Fact]
    public void While_more_comes_without_end_it_is_named_less_often_and_the_last_of_it_too()
    {
        var named = new List<int>();
        _gathered.Add("berlin");
        for (var tick = 1; tick <= 30; tick++)
        {
            _gathered.Add("berlin");
            if (_gathered.Tick().Count > 0)
                named.Add(tick);
        }

        Assert.Equal([1, 3, 7, 15, 23], named);
        // What came since the last time.
        Assert.Equal(["berlin"], _gathered.Tick());
        for (var tick = 0; tick < Gathered.MostTicks; tick++)
            Assert.Empty(_gathered.Tick());
        Assert.True(_gathered.IsEmpty);
    }
}
