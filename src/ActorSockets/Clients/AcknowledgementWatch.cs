using ActorSockets.Platform;

namespace ActorSockets.Clients;

/// <summary>
/// What the peer's kernel has, after ours has taken everything. As long as something is on its way, give-up-after counts;
/// after that it is the peer's turn to confirm, and confirm-timeout counts.
/// </summary>
internal sealed class AcknowledgementWatch(TargetSettings target)
{
    private readonly InactivityTimeout _confirming = new(target.ConfirmTimeout);
    private long _acknowledged;
    private bool _arrived;

    /// <summary>When to look next: often enough for give-up-after to hear in time that something moves.</summary>
    public TimeSpan Interval => _arrived
        ? _confirming.CheckInterval
        : TimeSpan.FromTicks(Math.Min(_confirming.CheckInterval.Ticks, target.GiveUpAfter.Ticks / 8));

    /// <param name="acknowledged">What the connection says; null: it cannot tell, which counts as everything.</param>
    /// <returns>Whether more has arrived, whether everything has now, and whether the peer has taken too long to confirm it.</returns>
    public (bool Moved, bool Arrived, bool TooLate) Look((long Bytes, bool All)? acknowledged)
    {
        var (bytes, all) = acknowledged ?? (0, true);
        var moved = bytes > _acknowledged;
        _acknowledged = bytes;
        var arrived = all && !_arrived;
        _arrived |= all;
        if (moved || arrived)
            _confirming.Restart();
        return (moved, arrived, _arrived && !arrived && _confirming.HasExpired());
    }
}
