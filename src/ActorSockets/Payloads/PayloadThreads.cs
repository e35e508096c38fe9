using System.Collections.Concurrent;
using ActorSockets.Platform;

namespace ActorSockets.Payloads;

/// <summary>
/// The threads that open and read payloads: a lane for each directory, since what hangs is mostly a mount. There are 64
/// lanes; the directories after the first 64 share them.
/// </summary>
internal static class PayloadThreads
{
    private const int MaxLanes = 64;
    private const int ThreadsPerLane = 16;

    private static readonly BlockingThreads[] Lanes = [.. Enumerable.Range(0, MaxLanes).Select(_ => new BlockingThreads("payload", ThreadsPerLane))];
    private static readonly ConcurrentDictionary<string, int> Taken = new(StringComparer.Ordinal);
    private static readonly Lock Taking = new();

    /// <summary>The lane of the directory in which the file is.</summary>
    public static BlockingThreads OfFile(string path) => Of(Path.GetDirectoryName(Path.GetFullPath(path)) ?? path);

    /// <summary>The lane of a directory, or of anything else that may hang on its own.</summary>
    public static BlockingThreads Of(string key)
    {
        if (Taken.TryGetValue(key, out var taken))
            return Lanes[taken];
        lock (Taking)
        {
            return Lanes[Taken.Count < MaxLanes
                ? Taken.GetOrAdd(key, Taken.Count)
                : (int)((uint)key.GetHashCode(StringComparison.Ordinal) % MaxLanes)];
        }
    }
}
