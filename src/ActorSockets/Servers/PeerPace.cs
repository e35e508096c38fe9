using ActorSockets.Platform;

namespace ActorSockets.Servers;

/// <summary>Whether a peer takes too long when it is its turn; what we take for what it has sent is not held against it.</summary>
internal sealed class PeerPace(ServerSettings server)
{
    private readonly ReceiveRate _rate = new(server.MinReceiveRate);
    private readonly InactivityTimeout _idle = new(server.IdleTimeout);
    private TimeSpan? _waitingSince;
    private long _acknowledged;

    /// <summary>How often <see cref="IsIdle"/> is to be asked.</summary>
    public TimeSpan IdleCheckInterval => _idle.CheckInterval;

    /// <summary>It is the peer's turn.</summary>
    public void Waiting(TimeSpan now) => _waitingSince = now;

    /// <summary>It is ours.</summary>
    public void Moved()
    {
        _waitingSince = null;
        _idle.Restart();
    }

    /// <summary>Whether nothing has moved for the idle-timeout.</summary>
    /// <param name="acknowledged">Bytes that it has taken from us: one that reads an answer slowly moves too.</param>
    public bool IsIdle(long acknowledged)
    {
        var moves = _waitingSince is null || acknowledged > _acknowledged;
        _acknowledged = acknowledged;
        if (moves)
            _idle.Restart();
        return !moves && _idle.HasExpired();
    }

    /// <summary>Whether it has sent less than the min-receive-rate while it was its turn.</summary>
    public bool IsTooSlow(TimeSpan now, int bytes)
    {
        var waited = now - (_waitingSince ?? now);
        _waitingSince = _waitingSince is null ? null : now;
        return _rate.IsTooLow(waited, bytes);
    }
}
