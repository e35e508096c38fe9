namespace ActorSockets.Configuration;

/// <summary>
/// What substitutions come to, reckoned before Akka's parser (1.5.74) follows them: it overflows the stack on a cycle and
/// on a long chain, and copies without a bound.
/// </summary>
/// <param name="root">The outline of the whole text.</param>
/// <param name="error">Makes an error out of a line and a message.</param>
internal sealed class Expansion(HoconNode root, Func<int, string, SettingsException> error)
{
    private const int LongestChain = 50;
    private const int CharactersForOne = 32;
    private const long MostCharacters = 8 << 20;

    private readonly Dictionary<HoconNode, Size?> _values = [];
    private readonly Dictionary<HoconNode, Size?> _substituted = [];
    private long _characters;

    /// <exception cref="SettingsException">There is a cycle, or too much of it.</exception>
    public void Check() => Value(root, new HoconReference([], 1), 0);

    /// <summary>A node with all that is inside.</summary>
    private Size Value(HoconNode node, HoconReference by, int chain)
    {
        if (_values.TryGetValue(node, out var known))
            return known ?? throw Cycle(by);
        _values[node] = null;
        var size = Substituted(node, by, chain) + new Size(node.Length, 0);
        foreach (var child in node.Children.Values)
            size += Value(child, by, chain);
        _values[node] = size;
        return size;
    }

    /// <summary>The substitutions in a node's own value.</summary>
    private Size Substituted(HoconNode node, HoconReference by, int chain)
    {
        if (_substituted.TryGetValue(node, out var known))
            return known ?? throw Cycle(by);
        _substituted[node] = null;
        var size = new Size(0, 0);
        foreach (var reference in node.References)
        {
            var target = Target(reference, chain + 1);
            size += target;
            _characters += target.Characters;
            if (_characters > MostCharacters)
                throw error(reference.Line, $"{reference} makes the configuration larger than {Sizes.Format(MostCharacters)}: substitute less");
        }

        _substituted[node] = size;
        return size;
    }

    /// <summary>What a substitution names; a section on the way to it may be a substitution itself.</summary>
    private Size Target(HoconReference reference, int chain)
    {
        if (chain > LongestChain)
            throw TooLong(reference);
        var size = new Size(CharactersForOne, 0);
        var nodes = root.Along(reference.Target).ToArray();
        foreach (var node in nodes)
            size += node == nodes[^1] && nodes.Length == reference.Target.Length ? Value(node, reference, chain) : Substituted(node, reference, chain);
        return size.Chain < LongestChain ? size with { Chain = size.Chain + 1 } : throw TooLong(reference);
    }

    private SettingsException TooLong(HoconReference reference) =>
        error(reference.Line, $"{reference} leads through more than {LongestChain} substitutions");

    private SettingsException Cycle(HoconReference reference) => error(reference.Line, $"{reference} is a cycle: its value needs itself");

    private sealed record Size(long Characters, int Chain)
    {
        public static Size operator +(Size a, Size b) => new(a.Characters + b.Characters, Math.Max(a.Chain, b.Chain));
    }
}
