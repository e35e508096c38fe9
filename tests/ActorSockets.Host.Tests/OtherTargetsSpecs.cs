using ActorSockets.Cluster;
using ActorSockets.Outbox;

namespace ActorSockets.Host.Tests;

/// <summary>Nodes whose files differ.</summary>
public sealed class OtherTargetsSpecs
{
    private readonly OtherTargets _others = new();

    [Fact]
    public void A_node_that_goes_on_having_other_targets_is_named_once()
    {
        Assert.Equal(["b:1"], Look(OtherTargets.Patience, "mine", Node("a:1", "mine"), Node("b:1", "others")));
        Assert.Empty(Look(10 * OtherTargets.Patience, "mine", Node("a:1", "mine"), Node("b:1", "others")));
    }

    [Fact]
    public void It_is_named_again_when_its_targets_have_changed_and_still_differ()
    {
        Look(OtherTargets.Patience, "mine", Node("b:1", "others"));
        Assert.Equal(["b:1"], Look(OtherTargets.Patience, "mine", Node("b:1", "yet others")));
    }

    [Fact]
    public void While_nodes_are_reloaded_one_after_another_none_is_named()
    {
        Assert.Empty(Look(OtherTargets.Patience - 1, "new", Node("b:1", "old")));
        Assert.Empty(Look(1, "new", Node("b:1", "new")));
        Assert.Empty(Look(OtherTargets.Patience - 1, "new", Node("b:1", "old")));
    }

    private static ClusterPeer Node(string name, string targets) => new(name, "", targets);

    private List<string> Look(int times, string own, params ClusterPeer[] others) => [.. Enumerable.Range(0, times).SelectMany(_ => _others.Look(own, others))];
}
