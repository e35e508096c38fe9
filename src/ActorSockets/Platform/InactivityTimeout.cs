namespace ActorSockets.Platform;

/// <summary>
/// A timeout without progress, counted in quarters and not by the clock: a process that was stopped, or a machine that
/// slept, wakes up with one quarter gone at most, and reads what the kernel has for it before it judges. Progress comes in
/// the middle of a quarter, so five of them have to pass: the timeout expires after its full length, or up to a quarter later.
/// </summary>
internal sealed class InactivityTimeout(TimeSpan timeout)
{
    private const int QuartersAndTheFirst = 5;

    private int _passed;

    /// <summary>How often to call <see cref="HasExpired"/>.</summary>
    public TimeSpan CheckInterval { get; } = timeout / 4;

    /// <summary>Something moved.</summary>
    public void Restart() => _passed = 0;

    /// <summary>A quarter has passed. True when nothing moved in all of them.</summary>
    public bool HasExpired() => ++_passed >= QuartersAndTheFirst;
}
