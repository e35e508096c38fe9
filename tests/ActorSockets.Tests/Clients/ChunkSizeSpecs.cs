using ActorSockets.Clients;

namespace ActorSockets.Tests.Clients;

public sealed class ChunkSizeSpecs
{
    private static readonly ChunkSize Chunk = new(16 * 1024, 1024 * 1024);

    [Fact]
    public void Grows_to_the_maximum_while_acks_come_fast() =>
        Assert.Equal(1024 * 1024, Enumerable.Range(0, 10).Aggregate(Chunk.First, (size, _) => Chunk.Next(size, TimeSpan.FromMilliseconds(1))));

    [Fact]
    public void Shrinks_to_the_minimum_while_they_do_not() =>
        Assert.Equal(16 * 1024, Enumerable.Range(0, 10).Aggregate(Chunk.First, (size, _) => Chunk.Next(size, TimeSpan.FromSeconds(1))));

    [Fact]
    public void Stays_where_it_is_in_between() => Assert.Equal(Chunk.First, Chunk.Next(Chunk.First, TimeSpan.FromMilliseconds(100)));
}
