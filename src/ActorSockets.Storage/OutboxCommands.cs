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
        if (id is null && command.Verb is QueueVerb.Hold or QueueVerb.Release && id is null)
            return HoldTargets(session, target, command.Verb == QueueVerb.Hold);

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

        return ([.. rows.Select(row => row.Target).Distinct()], rows.Count);
    }

    private static (IReadOnlyList<string> Targets, int Changed) HoldTargets(SqliteSession session, string? target, bool held)
    {
        var known = target is not null ? [target] : session.Query("select distinct target from delivery union select name from target", row => row.GetString(0));
        foreach (var name in known)
            session.Execute("insert into target (name, held) values (?1, ?2) on conflict (name) do update set held = ?2", name, held ? 1 : 0);
        return (known, known.Count);
    }
}
