namespace ActorSockets.Cluster;

/// <summary>
/// When targets are named that something came for: the first time at once; then with each <see cref="Tick"/> while more comes, and less and
/// less often while more than one comes with each. Whoever waits for one before it sends the next never waits for more than a tick.
/// </summary>
internal sealed class Gathered
{
    /// <summary>Ticks from one name to the next, at most.</summary>
    public const int MostTicks = 8;

    private readonly Dictionary<string, Named> _named = new(StringComparer.Ordinal);

    /// <summary>Whether no target was named in the last ticks.</summary>
    public bool IsEmpty => _named.Count == 0;

    /// <summary>Something came for a target.</summary>
    /// <returns>Whether it is to be named now.</returns>
    public bool Add(string target)
    {
        if (!_named.TryGetValue(target, out var named))
        {
            _named[target] = new Named();
            return true;
        }

        named.Count++;
        return false;
    }

    /// <summary>Time has passed.</summary>
    /// <returns>Targets that are to be named now.</returns>
    public IReadOnlyList<string> Tick()
    {
        var due = _named.Where(named => --named.Value.Left == 0).ToList();
        foreach (var (target, named) in due)
        {
            if (named.Count > 0)
                named.Again();
            else
                _named.Remove(target);
        }

        return [.. due.Select(named => named.Key).Where(_named.ContainsKey)];
    }

    private sealed class Named
    {
        private int _ticks = 1;

        public int Left { get; set; } = 1;

        /// <summary>What came since it was named.</summary>
        public int Count { get; set; }

        public void Again()
        {
            if (Count > _ticks)
                _ticks = Math.Min(2 * _ticks, MostTicks);
            else if (Count < _ticks)
                _ticks /= 2;
            (Left, Count) = (_ticks, 0);
        }
    }
}
