using System.Data.Common;
using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>The tables of an outbox as a person sees them, and the table <c>command</c>, whose rows the program executes that has the outbox.</summary>
internal static class QueueRows
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    // For whoever only changes what is there.
    private static readonly OutboxLimits Unlimited = new(long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue);

    /// <summary>Each target that has deliveries, or is held, by name.</summary>
    public static IReadOnlyList<QueueLine> Lines(ISession session)
    {
        var figures = new SortedDictionary<string, LineFigures>(StringComparer.Ordinal);
        var held = session.Query("select name from target where held = 1", row => row.GetString(0));
        foreach (var name in held)
            figures[name] = default;
        session.Each("select target, state, count(*), cast(sum(length) as bigint) from delivery group by target, state", row =>
        {
            var target = row.GetString(0);
            figures[target] = figures.GetValueOrDefault(target).Add(OutboxRows.StateOf(row.GetString(1)), row.GetInt64(2), row.GetInt64(3));
            return true;
        });
        return [.. figures.Select(line => new QueueLine(
            line.Key,
            held.Contains(line.Key),
            line.Value,
            session.Query("select min(created) from delivery where target = ?1 and state in ('queued', 'held')", row => row.GetTime(0), line.Key).Single(),
            session.Query("select reason from delivery where target = ?1 and reason is not null order by attempted desc limit 1", row => row.GetString(0), line.Key).SingleOrDefault()))];
    }

    /// <summary>Deliveries in the order in which they came, as <see cref="IQueue.ListAsync"/> has them; a payload that has no path is in the database.</summary>
    public static IReadOnlyList<QueueEntry> List(ISession session, QueueSelection selection, DeliveryState? state, int most, Func<string, string?> pathOf) =>
        session.Query("""
            select d.target, d.id, d.state, d.length, p.digest, p.file, d.name, d.created, d.attempts, d.attempted, d.kind, d.reason, d.finished
            from delivery d join payload p on p.number = d.payload
            where (cast(?1 as text) is null or d.target = ?1) and (cast(?2 as text) is null or d.id = ?2) and (cast(?3 as text) is null or d.state = ?3)
            order by d.number limit ?4
            """, row => Read(row, pathOf), selection.Target, selection.Id, state is { } known ? OutboxRows.NameOf(known) : null, most);

    /// <summary>A command as it was left in the table.</summary>
    public static (long Number, QueueCommand Command) ReadCommand(DbDataReader row) => (row.GetInt64(0), new QueueCommand(
        Enum.Parse<QueueVerb>(row.GetString(1), ignoreCase: true), new QueueSelection(row.GetText(2), row.GetText(3))));

    /// <summary>Executes a command in a store that no program has, after those that were left in the table before it.</summary>
    /// <returns>How many deliveries, or targets, it changed.</returns>
    public static async Task<int> ExecuteAsync(IStore store, QueueCommand command)
    {
        var outbox = store.OpenOutbox(Unlimited);
        await outbox.ExecuteWaitingAsync();
        return await outbox.ExecuteAsync(command);
    }

    /// <summary>Leaves a command in the table.</summary>
    /// <returns>Its number.</returns>
    public static long Leave(ISession session, QueueCommand command) =>
        session.Query("insert into command (at, verb, target, id) values (?1, ?2, ?3, ?4) returning number", row => row.GetInt64(0),
            DateTime.UtcNow, NameOf(command.Verb), command.Selection.Target, command.Selection.Id).Single();

    /// <summary>Waits until the program has executed a command.</summary>
    /// <returns>What it changed; null: it has not executed it in time.</returns>
    public static async Task<int?> WhenChangedAsync(Readers readers, long number, TimeSpan patience)
    {
        for (var waited = TimeSpan.Zero; waited < patience; waited += PollInterval)
        {
            if (await ChangedAsync(readers, number) is { } changed)
                return changed;
            await Task.Delay(PollInterval);
        }

        return await ChangedAsync(readers, number);
    }

    private static Task<int?> ChangedAsync(Readers readers, long number) => readers.RunAsync(session =>
        session.Query("select changed from command where number = ?1", row => row.IsDBNull(0) ? (int?)null : row.GetInt32(0), number).Single());

    private static string NameOf(QueueVerb verb) => verb switch
    {
        QueueVerb.Retry => "retry",
        QueueVerb.Cancel => "cancel",
        QueueVerb.Hold => "hold",
        _ => "release",
    };

    private static QueueEntry Read(DbDataReader row, Func<string, string?> pathOf) => new()
    {
        Target = row.GetString(0),
        Id = row.GetString(1),
        State = OutboxRows.StateOf(row.GetString(2)),
        Length = row.GetInt64(3),
        Digest = row.GetString(4),
        File = row.GetText(5) is { } file ? pathOf(file) : null,
        Name = row.GetText(6),
        Created = row.GetTime(7)!.Value,
        Attempts = row.GetInt32(8),
        LastAttempt = row.GetTime(9),
        Kind = row.GetText(10),
        Reason = row.GetText(11),
        Finished = row.GetTime(12),
    };
}
