namespace ActorSockets.Events.Overview;

/// <summary>A count for each value of an enumeration that has happened. The dictionary is replaced, not changed: snapshots may keep it.</summary>
internal sealed class Tally<T> where T : struct, Enum
{
    public IReadOnlyDictionary<T, long> Counts { get; private set; } = new Dictionary<T, long>();

    public void Add(T kind, long count = 1) => Counts = new Dictionary<T, long>(Counts) { [kind] = Counts.GetValueOrDefault(kind) + count };
}
