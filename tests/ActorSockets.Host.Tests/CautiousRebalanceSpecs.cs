using System.Collections.Immutable;
using ActorSockets.Cluster;
using Akka.Actor;
using Akka.Cluster.Sharding;

namespace ActorSockets.Host.Tests;

/// <summary>When shards move, and when they stay where they are.</summary>
public sealed class CautiousRebalanceSpecs : IDisposable
{
    private static readonly IImmutableSet<string> Moving = ImmutableHashSet.Create("7");

    private readonly ActorSystem _system = ActorSystem.Create("rebalance-specs");

    public void Dispose() => _system.Dispose();

    [Fact]
    public async Task Shards_move_while_every_node_answers() => Assert.Equal(Moving, await RebalanceAsync(Region(), Region()));

    [Fact]
    public async Task No_shard_moves_while_a_node_is_dead()
    {
        var dead = Region();
        await dead.GracefulStop(TimeSpan.FromSeconds(30));
        Assert.Empty(await RebalanceAsync(Region(), dead));
    }

    [Fact]
    public async Task No_shard_moves_while_a_node_does_not_answer()
    {
        var stuck = Region();
        stuck.Tell("");
        Assert.Empty(await RebalanceAsync(Region(), stuck));
    }

    private IActorRef Region() => _system.ActorOf(Props.Create(() => new StuckWhenTold()));

    private static Task<IImmutableSet<string>> RebalanceAsync(params IActorRef[] regions) => new CautiousRebalance(new MovingAlways()).Rebalance(
        regions.ToImmutableDictionary(region => region, _ => (IImmutableList<string>)ImmutableList.Create("7")), ImmutableHashSet<string>.Empty);

    private sealed class MovingAlways : IShardAllocationStrategy
    {
        public Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations) => Task.FromResult(requester);

        public Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress) => Task.FromResult(Moving);
    }

    private sealed class StuckWhenTold : ReceiveActor
    {
        public StuckWhenTold() => ReceiveAsync<string>(_ => Task.Delay(Timeout.Infinite, CancellationToken.None));
    }
}
