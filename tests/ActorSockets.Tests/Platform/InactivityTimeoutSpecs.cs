using ActorSockets.Platform;

namespace ActorSockets.Tests.Platform;

public sealed class InactivityTimeoutSpecs
{
    private readonly InactivityTimeout _timeout = new(TimeSpan.FromSeconds(8));

    [Fact]
    public void Expires_after_its_whole_length_wherever_in_a_quarter_the_last_progress_was()
    {
        Assert.Equal(TimeSpan.FromSeconds(2), _timeout.CheckInterval);
        // Progress just before the first check: 8 s have passed at the fifth one, and not before.
        Assert.Equal([false, false, false, false, true], Enumerable.Range(0, 5).Select(_ => _timeout.HasExpired()));
    }

    [Fact]
    public void Progress_starts_it_anew()
    {
        for (var i = 0; i < 4; i++)
            Assert.False(_timeout.HasExpired());
        _timeout.Restart();
        for (var i = 0; i < 4; i++)
            Assert.False(_timeout.HasExpired());
        Assert.True(_timeout.HasExpired());
    }
}
