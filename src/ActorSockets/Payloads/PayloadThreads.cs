using System.Collections.Concurrent;
using ActorSockets.Platform;

namespace ActorSockets.Payloads;

/// <summary>
/// The threads that open and read payloads: a lane for each directory, since what hangs is mostly a mount. There are 64
/// lanes; the directories after the first 64 share them.
/// </summary>
internal sealed class PayloadThreads
{
    private const int MaxLanes = 64;
    private const int ThreadsPerLane = 16;

    /// <summary>Those of the process.</summary>
    public static readonly PayloadThreads Shared = new();

    private readonly BlockingThreads[] _lanes = [.. Enumerable.Range(0, MaxLanes).Select(_ => new BlockingThreads("payload", ThreadsPerLane))];
    private readonly ConcurrentDictionary<string, int> _taken = new(StringComparer.Ordinal);
    private readonly Lock _taking = new();

    /// <summary>The lane of the directory in which the file is.</summary>
    public BlockingThreads OfFile(string path) => Of(Path.GetDirectoryName(Path.GetFullPath(path)) ?? path);

    /// <summary>The lane of a directory, or of anything else that may hang on its own.</summary>
    public BlockingThreads Of(string key)
    {
        if (_taken.TryGetValue(key, out var taken))
            return _lanes[taken];
        lock (_taking)
        {
            return _lanes[_taken.Count < MaxLanes
                ? _taken.GetOrAdd(key, _taken.Count)
                : (int)((uint)key.GetHashCode(StringComparison.Ordinal) % MaxLanes)];
        }
    }
}
