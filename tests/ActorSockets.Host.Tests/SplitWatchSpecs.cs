using ActorSockets.Cluster;
using ActorSockets.Outbox;

namespace ActorSockets.Host.Tests;

/// <summary>Two clusters with one database.</summary>
public sealed class SplitWatchSpecs
{
    private readonly SplitWatch _split = new();

    [Theory]
    [InlineData("a", "a", "b c", "b c")]
    [InlineData("b", "a b", "c", "")]
    [InlineData("a", "a b", "c d", "")]
    [InlineData("d", "c d", "a b", "a b")]
    [InlineData("a", "a b c", "", "")]
    public void The_smaller_cluster_ends_and_of_two_that_are_as_large_the_one_without_the_lowest_name(string self, string mates, string strangers, string stay)
    {
        Assert.Empty(Look(SplitWatch.Patience - 1, self, mates, strangers));
        Assert.Equal(stay, string.Join(' ', Look(1, self, mates, strangers)));
    }

    [Fact]
    public void One_that_has_died_is_no_cluster()
    {
        Assert.Empty(Look(10, "b", "b", "a"));
        Assert.Empty(Look(1, "b", "b", ""));
        Assert.Empty(Look(SplitWatch.Patience - 1, "b", "b", "a"));
    }

    private IReadOnlyList<string> Look(int times, string self, string mates, string strangers)
    {
        IReadOnlyList<string> found = [];
        for (var i = 0; i < times; i++)
            found = _split.Look(self, Nodes($"{mates} {strangers}").Where(node => node.Name != self), mates.Split(' ').Contains);
        return found;
    }

    private static IEnumerable<ClusterPeer> Nodes(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new ClusterPeer(name, "", ""));
}
