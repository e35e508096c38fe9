using Akka.Actor;

namespace ActorSockets.Platform;

/// <summary>A supervisor's children by name, and who wants to know when one that was told to go is gone.</summary>
internal sealed class NamedChildren
{
    private readonly Dictionary<string, IActorRef> _children = new(StringComparer.Ordinal);
    private readonly Dictionary<IActorRef, List<IActorRef>> _leaving = [];

    public IEnumerable<IActorRef> All => _children.Values;

    /// <summary>Whether the name is in use, also by a child that is leaving.</summary>
    public bool Contains(string name) => _children.ContainsKey(name);

    public void Add(string name, IActorRef child) => _children[name] = child;

    /// <summary>The child of that name, unless it is leaving.</summary>
    public IActorRef? Find(string name) => _children.TryGetValue(name, out var child) && !_leaving.ContainsKey(child) ? child : null;

    /// <summary>The child of that name is to leave; the asker is told when it is gone. Null: there is none.</summary>
    public IActorRef? Dismiss(string name, IActorRef asker)
    {
        if (!_children.TryGetValue(name, out var child))
            return null;
        if (!_leaving.TryGetValue(child, out var askers))
            _leaving[child] = askers = [];
        askers.Add(asker);
        return child;
    }

    /// <summary>Whether the child was told to leave.</summary>
    public bool IsLeaving(IActorRef child) => _leaving.ContainsKey(child);

    /// <summary>The child has stopped.</summary>
    /// <returns>Its name, and whoever waits for it to be gone.</returns>
    public (string Name, IReadOnlyList<IActorRef> Askers) Remove(IActorRef child)
    {
        var name = _children.First(c => c.Value.Equals(child)).Key;
        _children.Remove(name);
        return (name, _leaving.Remove(child, out var askers) ? askers : []);
    }
}
