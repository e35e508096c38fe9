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
    public void While_many_come_without_end_it_is_named_less_often_and_the_last_of_them_too()
    {
        Assert.Equal([1, 3, 7, 15, 23], NamedAt(ticks: 30, each: 2));
        // What came since the last time.
        Assert.Equal(["berlin"], _gathered.Tick());
        for (var tick = 0; tick < Gathered.MostTicks; tick++)
            Assert.Empty(_gathered.Tick());
        Assert.True(_gathered.IsEmpty);
    }

    [Fact]
    public void While_one_comes_with_each_tick_it_is_named_with_each()
    {
        Assert.Equal(Enumerable.Range(1, 10), NamedAt(ticks: 10, each: 1));
    }

    [Fact]
    public void When_fewer_come_it_is_named_more_often_again()
    {
        Assert.Equal([1, 3, 7, 15], NamedAt(ticks: 15, each: 2));
        _gathered.Add("berlin");
        Assert.Equal([8, 12, 14], Enumerable.Range(1, 15).Where(_ =>
        {
            var named = _gathered.Tick().Count > 0;
            if (named)
                _gathered.Add("berlin");
            return named;
        }).Take(3));
    }

    /// <summary>Ticks at which the target is named, when so many come with each.</summary>
    private List<int> NamedAt(int ticks, int each)
    {
        _gathered.Add("berlin");
        var named = new List<int>();
        for (var tick = 1; tick <= ticks; tick++)
        {
            for (var i = 0; i < each; i++)
                _gathered.Add("berlin");
            if (_gathered.Tick().Count > 0)
                named.Add(tick);
        }

        return named;
    }
}
