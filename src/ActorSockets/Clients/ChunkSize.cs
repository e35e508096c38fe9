namespace ActorSockets.Clients;

/// <summary>
/// How large the next write is. Large writes are fast; on a slow target small ones show progress and hold little memory.
/// </summary>
/// <param name="MinBytes">The smallest write.</param>
/// <param name="MaxBytes">The largest write.</param>
public sealed record ChunkSize(int MinBytes, int MaxBytes)
{
    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(200);

    /// <summary>The size to begin with.</summary>
    public int First => Math.Clamp(64 * 1024, Low, High);

    private int Low => Math.Min(MinBytes, MaxBytes);

    private int High => Math.Max(MinBytes, MaxBytes);

    /// <summary>The same within a tenth of what may be sent in a second; 0: there is no limit.</summary>
    public ChunkSize AtRate(long bytesPerSecond)
    {
        var most = bytesPerSecond == 0 ? int.MaxValue : (int)Math.Clamp(bytesPerSecond / 10, 1, int.MaxValue);
        return new ChunkSize(Math.Min(MinBytes, most), Math.Min(MaxBytes, most));
    }

    /// <summary>Twice as large after a fast ack, half as large after a slow one.</summary>
    public int Next(int bytes, TimeSpan ackedAfter)
    {
        if (ackedAfter <= Fast)
            return (int)Math.Min(High, bytes * 2L);
        return ackedAfter >= Slow ? Math.Max(Low, bytes / 2) : bytes;
    }
}
