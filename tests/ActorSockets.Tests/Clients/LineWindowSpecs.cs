using ActorSockets.Clients;
using ActorSockets.Outbox;

namespace ActorSockets.Tests.Clients;

/// <summary>The deliveries of a line that are in memory.</summary>
public sealed class LineWindowSpecs
{
    [Fact]
    public void An_id_that_comes_again_before_the_former_one_is_written_down_waits_for_that()
    {
        var window = new LineWindow(8);
        Assert.Equal([1L, 2L], Numbers(window.Take([At(1, "x"), At(2, "y")])));
        window.Settle("x");
        Assert.Equal([3L], Numbers(window.Take([At(3, "z"), At(4, "x"), At(5, "w")])));
        Assert.True(window.IsBlocked);
        Assert.Equal(3, window.Last);

        window.Remove("x");
        Assert.Equal([4L, 5L], Numbers(window.Take([At(4, "x"), At(5, "w")])));
        Assert.False(window.IsBlocked);
        Assert.Equal(5, window.Last);
    }

    private static IEnumerable<long> Numbers(IEnumerable<StoredDelivery> deliveries) => deliveries.Select(delivery => delivery.Number);

    private static StoredDelivery At(long number, string id) => new()
    {
        Number = number,
        Target = "berlin",
        Id = id,
        Name = null,
        Since = DateTime.UnixEpoch,
        Attempts = 0,
        Epoch = 0,
        Payload = new OutboxPayload([1], null, 1, ""),
    };
}
