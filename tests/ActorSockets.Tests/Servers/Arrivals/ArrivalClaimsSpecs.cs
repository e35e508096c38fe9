using ActorSockets.Outbox;
using ActorSockets.Servers.Arrivals;

namespace ActorSockets.Tests.Servers.Arrivals;

/// <summary>One delivery, one connection at a time.</summary>
public sealed class ArrivalClaimsSpecs
{
    private static readonly DeliveryKey Key = new("", "1");

    private readonly ArrivalClaims _claims = new();

    [Fact]
    public async Task They_are_given_in_the_order_in_which_they_were_asked_for()
    {
        var connection = new object();
        var first = await TakeAsync(connection);
        var waiting = Enumerable.Range(0, 50).Select(_ => TakeAsync(connection)).ToArray();
        first.Release();
        foreach (var next in waiting)
        {
            var claim = await next;
            Assert.Equal(waiting.SkipWhile(w => w != next).Skip(1).Count(), waiting.Count(w => !w.IsCompleted));
            claim.Release();
        }

        Assert.False(_claims.Has(Key));
    }

    [Fact]
    public async Task Each_newer_connection_evicts_the_one_before_it_and_waits_until_it_has_let_go()
    {
        var evicted = new List<int>();
        var first = await TakeAsync(new object(), () => evicted.Add(1));
        var second = TakeAsync(new object(), () => evicted.Add(2));
        var third = TakeAsync(new object(), () => evicted.Add(3));
        Assert.Equal([1, 2], evicted);
        Assert.False(second.IsCompleted);
        first.Release();
        (await second).Release();
        (await third).Release();
        Assert.Equal([1, 2], evicted);
        Assert.NotNull(_claims.TryTake(Key));
        Assert.Null(_claims.TryTake(Key));
    }

    private Task<ArrivalClaims.Claim> TakeAsync(object owner, Action? evict = null) => _claims.TakeAsync(Key, owner, evict ?? (() => { }));
}
