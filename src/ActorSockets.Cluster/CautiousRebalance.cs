using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;

namespace ActorSockets.Cluster;

/// <summary>
/// Moves shards as another strategy says, and none while a node does not answer: when a node has died and is not known to be out, a hand-over
/// of its shards goes on until <c>handoff-timeout</c>, and their targets wait as long (Akka 1.5.73).
/// </summary>
/// <param name="inner">Says where shards go.</param>
internal sealed class CautiousRebalance(IShardAllocationStrategy inner) : IActorSystemDependentAllocationStrategy
{
    // Less than rebalance-interval.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);

    public void Start(ActorSystem system) => (inner as IActorSystemDependentAllocationStrategy)?.Start(system);

    public Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations) =>
        inner.AllocateShard(requester, shardId, currentShardAllocations);

    public async Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress)
    {
        var moving = await inner.Rebalance(currentShardAllocations, rebalanceInProgress);
        if (moving.Count == 0 || (await Task.WhenAll(currentShardAllocations.Keys.Select(AnswersAsync))).All(answers => answers))
            return moving;
        return ImmutableHashSet<string>.Empty;
    }

    private static async Task<bool> AnswersAsync(IActorRef region)
    {
        try
        {
            // Of a process that was started again at the same address nobody answers for the former one's.
            return region.Equals((await region.Ask<ActorIdentity>(new Identify(null), AnswerTime)).Subject);
        }
        catch (AskTimeoutException)
        {
            return false;
        }
    }
}
