using System.Collections.Concurrent;
using ActorSockets.Outbox;

namespace ActorSockets.Storage.Postgres;

/// <summary>
/// What several processes with one schema need: who sends for a target, and what the others have changed.
/// </summary>
/// <param name="database">The writer's database.</param>
/// <param name="others">Connections beside it.</param>
internal sealed class SharedSchema(PostgresDatabase database, SessionPool others) : IDisposable
{
    // Each target once, whatever the length of its line: two look-ups in an index.
    private const string Lines = """
        with recursive name(target) as (
          select min(target) from delivery
          union all
          select (select min(d.target) from delivery d where d.target > name.target) from name where name.target is not null
        )
        select name.target, (select max(d.number) from delivery d where d.target = name.target and d.state = 'queued')
        from name where name.target is not null
        """;

    // A node of the cluster was seen since, or it is gone.
    private const string Late = "now() - interval '10 seconds'";

    // Looks, one after another, that find the row of this node written by another process, until that is believed.
    private const int StrangeLooks = 3;

    private volatile string? _name;
    private DateTime? _said;
    private int _strange;
    private readonly ConcurrentDictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    /// <summary>Whether no other process can have the store open.</summary>
    public bool IsAlone => database.IsAlone;

    /// <summary>Lets other processes in.</summary>
    public void Share() => database.Share();

    /// <inheritdoc cref="IOutbox.BeginSendingAsync"/>
    /// <remarks>A transaction of its own, which waits for one row and has no other: it is never a part of a deadlock.</remarks>
    public long BeginSending(string target) => others.Run(session => session.Query(
        "insert into target (name, held, epoch, node) values (?1, 0, 1, ?2) on conflict (name) do update set epoch = target.epoch + 1, node = ?2 returning epoch",
        row => row.GetInt64(0), target, _name).Single());

    /// <summary>Whether a target still has this epoch. Nobody raises it before the end of the session's transaction.</summary>
    public static bool HasEpoch(ISession session, string target, long epoch) =>
        session.Query("select epoch from target where name = ?1 for share", row => row.GetInt64(0), target) is [var current] && current == epoch;

    /// <summary>A line was changed otherwise than at its end, in the session's transaction.</summary>
    public static void Rearranged(ISession session, string target) =>
        session.Execute("insert into target (name, held, revision) values (?1, 0, 1) on conflict (name) do update set revision = target.revision + 1", target);

    /// <summary>Lines that have changed since the last call.</summary>
    /// <param name="session">Reads.</param>
    /// <returns>Targets that have something to be sent, and what changed.</returns>
    public (IReadOnlyList<string> Waiting, IReadOnlyList<(string Target, LineChange Change)> Changes) Look(ISession session)
    {
        var last = new Dictionary<string, long>(StringComparer.Ordinal);
        session.Each(Lines, row =>
        {
            if (!row.IsDBNull(1))
                last[row.GetString(0)] = row.GetInt64(1);
            return true;
        });
        var targets = session.Query("select name, held, revision from target", row => (Name: row.GetString(0), IsHeld: row.GetInt32(1) == 1, Revision: row.GetInt64(2)))
            .ToDictionary(target => target.Name, StringComparer.Ordinal);
        var changes = new List<(string, LineChange)>();
        foreach (var target in last.Keys.Union(targets.Keys))
        {
            var now = new Seen(last.GetValueOrDefault(target), targets.GetValueOrDefault(target).Revision);
            var before = _seen.GetValueOrDefault(target, new Seen(0, now.Revision));
            _seen[target] = now;
            if (now.Revision != before.Revision)
                changes.Add((target, LineChange.Rearranged));
            else if (now.Last > before.Last)
                changes.Add((target, LineChange.Longer));
        }

        return ([.. last.Keys.Where(target => !targets.GetValueOrDefault(target).IsHeld)], changes);
    }

    /// <summary>A look, as <see cref="IOutbox.MeetAsync"/> has it; <see cref="Met"/> gets the result once it is committed.</summary>
    /// <remarks>Times are the server's. Of several nodes that look at a time, the table's lock lets one begin the cluster.</remarks>
    public Meeting Meet(ISession session, ClusterPeer node, NodePresence state)
    {
        _name = node.Name;
        if (state is NodePresence.Looking or NodePresence.LookingLong)
            session.Execute("lock table node in share row exclusive mode");
        // That of a former process with this name, which a restart finds, stays as it is.
        var said = session.Query("select seen from node where name = ?1", row => row.GetTime(0), node.Name).SingleOrDefault();
        var strange = said > _said ? _strange + 1 : 0;
        if (strange == StrangeLooks)
            return new Meeting([], said, strange);
        if (state == NodePresence.Leaving)
            session.Execute("delete from node where name = ?1", node.Name);
        var others = session.Query($"select name, settings, targets from node where name <> ?1 and seen > {Late} order by name",
            row => new ClusterPeer(row.GetString(0), row.GetString(1), row.GetString(2)), node.Name);
        var begins = others.Count == 0 && strange == 0 && (state == NodePresence.LookingLong || (state == NodePresence.Looking && session.Number("select count(*) from node") == 0));
        if (begins || state == NodePresence.Member)
        {
            said = session.Query(
                "insert into node (name, seen, settings, targets) values (?1, now(), ?2, ?3) on conflict (name) do update set seen = now(), settings = ?2, targets = ?3 returning seen",
                row => row.GetTime(0), node.Name, node.Settings, node.Targets).Single();
        }

        if (begins)
            session.Execute($"delete from node where seen <= {Late}");
        return new Meeting(begins ? [node] : others, said, strange);
    }

    /// <returns>The nodes that a look found.</returns>
    /// <exception cref="NodeExistsException">Another process says that it is this node.</exception>
    public IReadOnlyList<ClusterPeer> Met(Meeting meeting)
    {
        (_said, _strange) = (meeting.Said, meeting.Strange);
        return _strange < StrangeLooks ? meeting.Nodes : throw new NodeExistsException(_name!);
    }

    /// <summary>The nodes that send, by target: of those that are in the cluster.</summary>
    public static IReadOnlyDictionary<string, string> Senders(ISession session) =>
        session.Query($"select t.name, t.node from target t join node n on n.name = t.node where n.seen > {Late}", row => (Target: row.GetString(0), Node: row.GetString(1)))
            .ToDictionary(sender => sender.Target, sender => sender.Node, StringComparer.Ordinal);

    public void Dispose() => others.Dispose();

    /// <param name="Nodes">The result.</param>
    /// <param name="Said">When this node said last that it is in the cluster, or another process did under its name.</param>
    /// <param name="Strange">Looks, one after another, that found that another process had.</param>
    internal sealed record Meeting(IReadOnlyList<ClusterPeer> Nodes, DateTime? Said, int Strange);

    /// <param name="Last">The number of the last delivery that is queued.</param>
    /// <param name="Revision">Of the line.</param>
    private readonly record struct Seen(long Last, long Revision);
}
