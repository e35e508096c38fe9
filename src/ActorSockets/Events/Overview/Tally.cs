namespace ActorSockets.Events.Overview;

/// <summary>A count for each value of an enumeration. The list is replaced, not changed: snapshots may keep it.</summary>
internal struct Tally<T>() where T : struct, Enum
{
    private static readonly int Kinds = Enum.GetValues<T>().Length;

    public IReadOnlyList<long> Counts { get; private set; } = new long[Kinds];

    public void Add(T kind, long count = 1)
    {
        var counts = Counts.ToArray();
        counts[Convert.ToInt32(kind, System.Globalization.CultureInfo.InvariantCulture)] += count;
        Counts = counts;
    }
}
