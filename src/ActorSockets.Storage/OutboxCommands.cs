using System.Collections.Immutable;
using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>
/// What a person does to deliveries, as changes of the tables. Runs in the writer's transactions: those of a whole line, or of all lines, are
/// changed piece by piece, in the order of their numbers, so that nobody waits long for a transaction.
/// </summary>
internal static class OutboxCommands
{
    // Deliveries of each state in one transaction. PostgreSQL ends a statement that takes 30 s.
    private const int MostTogether = 1_000;

    private static readonly DeliveryState[] Any = Enum.GetValues<DeliveryState>();

    /// <summary>Executes the next piece of a command.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="command">The command.</param>
    /// <param name="before">How far it is.</param>
    /// <param name="now">For rows.</param>
    /// <param name="moves">Takes what changed.</param>
    /// <returns>How far it is then, and the targets whose line this piece has changed.</returns>
    public static (CommandProgress Progress, IReadOnlyList<string> Targets) Execute(ISession session, QueueCommand command, CommandProgress before, DateTime now, OutboxMoves moves)
    {
        var (verb, selection) = (command.Verb, command.Selection);
        if (selection.Id is null && verb == QueueVerb.Hold)
            return Hold(session, selection.Target);
        DeliveryState[] states = verb switch
        {
            QueueVerb.Cancel => Any,
            QueueVerb.Hold => [DeliveryState.Queued],
            QueueVerb.Release => [DeliveryState.Held],
            _ => [DeliveryState.Queued, DeliveryState.Failed, DeliveryState.Unconfirmed],
        };
        // What comes from now on is none of the command's.
        var last = before.Last ?? session.Number("select coalesce(max(number), 0) from delivery");
        var upTo = selection.Id is null ? UpTo(session, selection.Target, states, before.After, last) : last;
        var isReleased = upTo == last && selection.Id is null && verb == QueueVerb.Release;
        List<string> changed = [.. states.SelectMany(Change)];
        string[] targets = [.. changed.Union(isReleased ? Release(session, selection.Target) : [])];
        var all = before.Targets.Union(targets);
        return (new CommandProgress(upTo, last, all, isReleased ? all.Count : before.Changed + changed.Count, IsDone: upTo == last), targets);

        List<string> Change(DeliveryState from)
        {
            object?[] values = [selection.Target, selection.Id, OutboxRows.NameOf(from), before.After, upTo];
            return verb switch
            {
                QueueVerb.Cancel => Cancel(session, selection, values, moves),
                QueueVerb.Hold => Move(session, selection, "state = 'held'", from, DeliveryState.Held, moves, values),
                _ => Move(session, selection, "state = 'queued', since = ?6, finished = null", from, DeliveryState.Queued, moves, [.. values, now]),
            };
        }
    }

    // What is not selected by is no condition that an index could not be used for.
    private static string Selected(QueueSelection selection) => $"""
        {(selection.Target is null ? "cast(?1 as text) is null" : "target = ?1")} and {(selection.Id is null ? "cast(?2 as text) is null" : "id = ?2")}
        and state = ?3 and number > ?4 and number <= ?5
        """;

    /// <summary>The last number of a piece. Of a target, each state has an index of its numbers.</summary>
    private static long UpTo(ISession session, string? target, DeliveryState[] states, long after, long last)
    {
        const string Next = "number > ?1 and number <= ?2 order by number limit 1 offset ?3";
        return target is null
            ? session.Query($"select number from delivery where {Next}", row => row.GetInt64(0), after, last, MostTogether - 1).FirstOrDefault(last)
            : states.Min(state => session.Query($"select number from delivery where target = ?4 and state = ?5 and {Next}", row => row.GetInt64(0),
                after, last, MostTogether - 1, target, OutboxRows.NameOf(state)).FirstOrDefault(last));
    }

    /// <returns>The target of each.</returns>
    private static List<string> Cancel(ISession session, QueueSelection selection, object?[] values, OutboxMoves moves) => session.Query(
        $"delete from delivery where {Selected(selection)} returning target, length, state, payload, id", row =>
        {
            moves.Cancelled.Add((row.GetString(0), row.GetString(4)));
            moves.Ended(row.GetString(0), row.GetInt64(1), OutboxRows.StateOf(row.GetString(2)), null);
            OutboxRows.RemovePayload(session, row.GetInt64(3), moves);
            return row.GetString(0);
        }, values);

    /// <returns>The target of each.</returns>
    private static List<string> Move(ISession session, QueueSelection selection, string change, DeliveryState from, DeliveryState to, OutboxMoves moves, object?[] values) =>
        session.Query($"update delivery set {change} where {Selected(selection)} returning target, length", row =>
        {
            moves.Ended(row.GetString(0), row.GetInt64(1), from, to);
            return row.GetString(0);
        }, values);

    /// <summary>Of a target's whole line, a hold is one row.</summary>
    private static (CommandProgress Progress, IReadOnlyList<string> Targets) Hold(ISession session, string? target)
    {
        var held = target is not null ? [target] : session.Query("select distinct target from delivery union select name from target", row => row.GetString(0));
        foreach (var name in held)
            session.Execute("insert into target (name, held) values (?1, 1) on conflict (name) do update set held = 1", name);
        return (new CommandProgress(0, 0, [.. held], held.Count, IsDone: true), held);
    }

    private static List<string> Release(ISession session, string? target) =>
        session.Query("update target set held = 0 where held = 1 and (cast(?1 as text) is null or name = ?1) returning name", row => row.GetString(0), target);
}

/// <summary>How far a command is.</summary>
/// <param name="After">The last number that is done.</param>
/// <param name="Last">The last number when it began; null: it has not begun.</param>
/// <param name="Targets">Those whose line it has changed.</param>
/// <param name="Changed">Deliveries that it has changed; or targets, once it is done and they are what it counts.</param>
/// <param name="IsDone">Whether nothing is left.</param>
internal sealed record CommandProgress(long After, long? Last, ImmutableHashSet<string> Targets, int Changed, bool IsDone)
{
    /// <summary>Of a command that has not begun.</summary>
    public static CommandProgress None { get; } = new(0, null, [], 0, IsDone: false);
}
