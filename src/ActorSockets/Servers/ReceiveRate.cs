namespace ActorSockets.Servers;

/// <summary>Finds the client that drips: bytes against the time that the server waited for them, in windows of 10 s.</summary>
/// <param name="minBytesPerSecond">0: any rate will do.</param>
internal sealed class ReceiveRate(long minBytesPerSecond)
{
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private TimeSpan _waited;
    private long _bytes;

    /// <summary>Counts a chunk. True when a window has passed below the rate.</summary>
    public bool IsTooLow(TimeSpan waited, int bytes)
    {
        // Somebody asks once a window: this process was stopped in between, and what the client sent is yet to be read.
        if (waited > 1.5 * Window)
            (waited, _waited, _bytes) = (TimeSpan.Zero, TimeSpan.Zero, 0);
        _waited += waited;
        _bytes += bytes;
        if (minBytesPerSecond == 0 || _waited < Window)
            return false;
        var tooLow = _bytes < minBytesPerSecond * _waited.TotalSeconds;
        (_waited, _bytes) = (TimeSpan.Zero, 0);
        return tooLow;
    }
}
