using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>What a person does to deliveries, as changes of the tables. Runs in the writer's transaction.</summary>
internal static class OutboxCommands
{
    // Of a target's whole line, holds are one row.
    private const string Selected = "(cast(?1 as text) is null or target = ?1) and (cast(?2 as text) is null or id = ?2)";

    /// <returns>The targets whose line changed, and how many deliveries, or targets.</returns>
    public static (IReadOnlyList<string> Targets, int Changed) Execute(ISession session, QueueCommand command, DateTime now, OutboxMoves moves)
    {
        var (target, id) = (command.Selection.Target, command.Selection.Id);
        if (id is null && command.Verb == QueueVerb.Hold)
            return Hold(session, target);
        var released = id is null && command.Verb == QueueVerb.Release ? Release(session, target) : [];
        List<string> changed = command.Verb switch
        {
            QueueVerb.Cancel => Cancel(session, target, id, moves),
            QueueVerb.Hold => Move(session, "state = 'held'", DeliveryState.Queued, DeliveryState.Held, moves, target, id),
            QueueVerb.Release => Queue(DeliveryState.Held),
            _ => [.. Queue(DeliveryState.Queued), .. Queue(DeliveryState.Failed), .. Queue(DeliveryState.Unconfirmed)],
        };
        string[] targets = [.. changed.Union(released)];
        return (targets, id is null && command.Verb == QueueVerb.Release ? targets.Length : changed.Count);

        List<string> Queue(DeliveryState from) => Move(session, "state = 'queued', since = ?4, finished = null", from, DeliveryState.Queued, moves, target, id, now);
    }

    /// <returns>The target of each.</returns>
    private static List<string> Cancel(ISession session, string? target, string? id, OutboxMoves moves) => session.Query(
        $"delete from delivery where {Selected} returning target, length, state, payload", row =>
        {
            moves.Ended(row.GetString(0), row.GetInt64(1), OutboxRows.StateOf(row.GetString(2)), null);
            OutboxRows.RemovePayload(session, row.GetInt64(3), moves);
            return row.GetString(0);
        }, target, id);

    /// <returns>The target of each.</returns>
    private static List<string> Move(ISession session, string change, DeliveryState from, DeliveryState to, OutboxMoves moves, string? target, string? id, params ReadOnlySpan<object?> more) =>
        session.Query($"update delivery set {change} where {Selected} and state = ?3 returning target, length", row =>
        {
            moves.Ended(row.GetString(0), row.GetInt64(1), from, to);
            return row.GetString(0);
        }, [target, id, OutboxRows.NameOf(from), .. more]);

    private static (IReadOnlyList<string> Targets, int Changed) Hold(ISession session, string? target)
    {
        var held = target is not null ? [target] : session.Query("select distinct target from delivery union select name from target", row => row.GetString(0));
        foreach (var name in held)
            session.Execute("insert into target (name, held) values (?1, 1) on conflict (name) do update set held = 1", name);
        return (held, held.Count);
    }

    private static List<string> Release(ISession session, string? target) =>
        session.Query("update target set held = 0 where held = 1 and (cast(?1 as text) is null or name = ?1) returning name", row => row.GetString(0), target);
}
