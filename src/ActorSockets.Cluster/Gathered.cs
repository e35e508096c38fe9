namespace ActorSockets.Cluster;

/// <summary>
/// When targets are named that something came for: the first time at once; then as often as <see cref="Tick"/> is called while more comes, and
/// less and less often while it does not stop.
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

        named.HasMore = true;
        return false;
    }

    /// <summary>Time has passed.</summary>
    /// <returns>Targets that are to be named now.</returns>
    public IReadOnlyList<string> Tick()
    {
        var due = _named.Where(named => --named.Value.Left == 0).ToList();
        foreach (var (target, named) in due)
        {
            if (named.HasMore)
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

        public bool HasMore { get; set; }

        public void Again()
        {
            _ticks = Math.Min(2 * _ticks, MostTicks);
            (Left, HasMore) = (_ticks, false);
        }
    }
}
