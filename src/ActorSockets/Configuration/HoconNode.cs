namespace ActorSockets.Configuration;

/// <summary>A substitution such as <c>${a.b}</c>.</summary>
/// <param name="Target">The path that it names.</param>
/// <param name="Line">Where it stands.</param>
internal sealed record HoconReference(string[] Target, int Line)
{
    public override string ToString() => $"${{{string.Join('.', Target)}}}";
}

/// <summary>A key of a HOCON text and the keys inside its section; the root has no key.</summary>
/// <param name="depth">The number of keys from the root to this one.</param>
internal sealed class HoconNode(int depth)
{
    private readonly Dictionary<string, HoconNode> _children = new(StringComparer.Ordinal);

    public int Depth => depth;

    /// <summary>The line of the last assignment; 0 when no assignment has a value.</summary>
    public int Line { get; set; }

    /// <summary>The line of an assignment that was left out because its optional substitution has no value; or 0.</summary>
    public int LeftOutLine { get; set; }

    /// <summary>Characters of the values, without those of the keys inside.</summary>
    public long Length { get; set; }

    public List<HoconReference> References { get; } = [];

    public IReadOnlyDictionary<string, HoconNode> Children => _children;

    /// <summary>The nodes of this path, from the one below this to its last; those that are new have no line.</summary>
    public IReadOnlyList<HoconNode> Grow(IEnumerable<string> path)
    {
        var nodes = new List<HoconNode>();
        var node = this;
        foreach (var name in path)
        {
            if (!node._children.TryGetValue(name, out var child))
                node._children.Add(name, child = new HoconNode(node.Depth + 1));
            nodes.Add(node = child);
        }

        return nodes;
    }

    /// <summary>The nodes on the way to this path, as far as there are any.</summary>
    public IEnumerable<HoconNode> Along(IEnumerable<string> path)
    {
        var node = this;
        foreach (var name in path)
        {
            if (!node._children.TryGetValue(name, out var child))
                yield break;
            yield return node = child;
        }
    }

    /// <summary>The nodes on the way to a path that is written with dots only, whose names may have dots of their own.</summary>
    public HoconNode[] Along(string path)
    {
        HoconNode[] farthest = [];
        for (var dot = path.IndexOf('.', StringComparison.Ordinal); ; dot = path.IndexOf('.', dot + 1))
        {
            if (_children.TryGetValue(dot < 0 ? path : path[..dot], out var child))
            {
                HoconNode[] found = [child, .. dot < 0 ? [] : child.Along(path[(dot + 1)..])];
                if (found.Length >= farthest.Length)
                    farthest = found;
            }

            if (dot < 0)
                return farthest;
        }
    }
}
