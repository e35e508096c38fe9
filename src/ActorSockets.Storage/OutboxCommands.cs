using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>What a person does to deliveries, as changes of the tables. Runs in the writer's transaction.</summary>
internal static class OutboxCommands
{
    // Of a target's whole line, holds are one row.
    private const string Selected = "(?1 is null or target = ?1) and (?2 is null or id = ?2)";

    /// <returns>The targets whose line changed, and how many deliveries, or targets.</returns>
    public static (IReadOnlyList<string> Targets, int Changed) Execute(SqliteSession session, QueueCommand command, DateTime now, OutboxMoves moves)
    {
        var (target, id) = (command.Selection.Target, command.Selection.Id);
        if (id is null && command.Verb == QueueVerb.Hold)
            return Hold(session, target);
        var released = id is null && command.Verb == QueueVerb.Release ? Release(session, target) : [];
        var from = command.Verb switch
        {
            QueueVerb.Hold => "state = 'queued'",
            QueueVerb.Release => "state = 'held'",
            QueueVerb.Retry => "state in ('queued', 'failed', 'unconfirmed')",
            _ => "true",
        };
        var rows = session.Query($"select number, target, length, state, payload from delivery where {Selected} and {from}",
            row => (Number: row.GetInt64(0), Target: row.GetString(1), Length: row.GetInt64(2), State: OutboxRows.StateOf(row.GetString(3)), Payload: row.GetInt64(4)), target, id);
        foreach (var row in rows)
        {
            switch (command.Verb)
            {
                case QueueVerb.Cancel:
                    session.Execute("delete from delivery where number = ?1", row.Number);
                    moves.Ended(row.Target, row.Length, row.State, null);
                    OutboxRows.RemovePayload(session, row.Payload, moves);
                    break;
                case QueueVerb.Hold:
                    session.Execute("update delivery set state = 'held' where number = ?1", row.Number);
                    moves.Ended(row.Target, row.Length, row.State, DeliveryState.Held);
                    break;
                default:
                    session.Execute("update delivery set state = 'queued', since = ?2, finished = null where number = ?1", row.Number, StoredTime.Format(now));
                    moves.Ended(row.Target, row.Length, row.State, DeliveryState.Queued);
                    break;
            }
        }

        string[] targets = [.. rows.Select(row => row.Target).Union(released)];
        return (targets, id is null && command.Verb == QueueVerb.Release ? targets.Length : rows.Count);
    }

    private static (IReadOnlyList<string> Targets, int Changed) Hold(SqliteSession session, string? target)
    {
        var held = target is not null ? [target] : session.Query("select distinct target from delivery union select name from target", row => row.GetString(0));
        foreach (var name in held)
            session.Execute("insert into target (name, held) values (?1, 1) on conflict (name) do update set held = 1", name);
        return (held, held.Count);
    }

    private static List<string> Release(SqliteSession session, string? target) =>
        session.Query("delete from target where held = 1 and (?1 is null or name = ?1) returning name", row => row.GetString(0), target);
}
