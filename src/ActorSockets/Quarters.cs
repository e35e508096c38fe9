namespace ActorSockets;

/// <summary>
/// A timeout without progress, counted in quarters and not by the clock: a process that was stopped, or a machine that
/// slept, wakes up with one quarter gone at most, and hears what the kernel has for it before it judges. It is over after
/// the whole timeout, or up to a quarter later.
/// </summary>
internal sealed class Quarters(TimeSpan timeout)
{
    private const int All = 4;

    private int _gone;

    /// <summary>When to look again.</summary>
    public TimeSpan Length { get; } = timeout / All;

    /// <summary>Something moved.</summary>
    public void Reset() => _gone = 0;

    /// <summary>A quarter is over. True when nothing moved in all of them.</summary>
    public bool IsOver() => ++_gone >= All;
}
