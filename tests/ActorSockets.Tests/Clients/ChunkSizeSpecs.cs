using ActorSockets.Clients;

namespace ActorSockets.Tests.Clients;

public sealed class ChunkSizeSpecs
{
    private static readonly ChunkSize Chunk = new(16 * 1024, 1024 * 1024);

    [Fact]
    public void Grows_to_the_maximum_while_acks_come_fast() => Assert.Equal(1024 * 1024, After(100, TimeSpan.FromMilliseconds(1)));

    [Fact]
    public void Does_not_grow_while_a_socket_s_buffers_fill() => Assert.Equal(Chunk.First, After(7, TimeSpan.FromMilliseconds(1)));

    [Fact]
    public void Shrinks_to_the_minimum_while_they_do_not() => Assert.Equal(16 * 1024, After(10, TimeSpan.FromSeconds(1)));

    [Fact]
    public void Stays_where_it_is_in_between() => Assert.Equal(Chunk.First, After(100, TimeSpan.FromMilliseconds(100)));

    private static int After(int acks, TimeSpan ackedAfter)
    {
        var (size, fastInARow) = (Chunk.First, 0);
        for (var i = 0; i < acks; i++)
            size = Chunk.Next(size, ackedAfter, ref fastInARow);
        return size;
    }
}
