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

    // What a socket's buffers take is fast too, and then a target that reads nothing would hold two of the largest chunks.
    private const int FastInARow = 8;

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

    /// <summary>Twice as large after some fast acks in a row, half as large after a slow one.</summary>
    /// <param name="bytes">The present size.</param>
    /// <param name="ackedAfter">How long the kernel took for a chunk of it.</param>
    /// <param name="fastInARow">Fast acks since the size last changed; this one is counted.</param>
    public int Next(int bytes, TimeSpan ackedAfter, ref int fastInARow)
    {
        fastInARow = ackedAfter <= Fast ? fastInARow + 1 : 0;
        if (fastInARow >= FastInARow)
        {
            fastInARow = 0;
            return (int)Math.Min(High, bytes * 2L);
        }

        return ackedAfter >= Slow ? Math.Max(Low, bytes / 2) : bytes;
    }
}
