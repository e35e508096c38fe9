using ActorSockets.Outbox;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>Rows of the outbox's tables. Changes run in the writer's transaction.</summary>
internal static class OutboxRows
{
    public static string NameOf(DeliveryState state) => state switch
    {
        DeliveryState.Queued => "queued",
        DeliveryState.Held => "held",
        DeliveryState.Failed => "failed",
        _ => "unconfirmed",
    };

    public static DeliveryState StateOf(string name) => Enum.Parse<DeliveryState>(name, ignoreCase: true);

    public static void InsertPayload(SqliteSession session, long number, SpooledPayload payload) => session.Execute(
        "insert into payload (number, length, digest, file, bytes) values (?1, ?2, ?3, ?4, ?5)",
        number, payload.Length, payload.Digest, payload.Bytes is null ? payload.FileName : null, payload.Bytes);

    public static void InsertDelivery(SqliteSession session, long number, long payloadNumber, SpooledPayload payload, NewDelivery delivery, string now)
    {
        try
        {
            session.Execute("""
                insert into delivery (number, target, id, payload, length, name, state, created, since, attempts)
                values (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?7, 0)
                """, number, delivery.Target, delivery.Id, payloadNumber, payload.Length, delivery.Name, now);
        }
        catch (SqliteException e) when (e.SqliteExtendedErrorCode == UniqueViolated)
        {
            var isSame = session.Query("select 1 from delivery d join payload p on p.number = d.payload where d.target = ?1 and d.id = ?2 and p.length = ?3 and p.digest = ?4", _ => true,
                delivery.Target, delivery.Id, payload.Length, payload.Digest).Count > 0;
            throw new DuplicateDeliveryException($"a delivery of the id {delivery.Id} is in the outbox for {delivery.Target}", isSame);
        }
    }

    /// <summary>Writes what became of a delivery, if it still is as it was when it was taken.</summary>
    public static void Record(SqliteSession session, OutboxRecord record, OutboxMoves moves)
    {
        var (number, target, length) = (record.Delivery.Number, record.Delivery.Target, record.Delivery.Payload.Length);
        switch (record)
        {
            case OutboxRecord.Done:
                session.Each("delete from delivery where number = ?1 returning payload, state", row =>
                {
                    var (payload, state) = (row.GetInt64(0), StateOf(row.GetString(1)));
                    moves.Ended(target, length, state, null);
                    RemovePayload(session, payload, moves);
                    return true;
                }, number);
                break;
            case OutboxRecord.SetAside aside:
                if (session.Execute("""
                    update delivery set state = ?2, attempts = ?3, attempted = ?4, kind = ?5, reason = ?6, finished = ?4
                    where number = ?1 and state = 'queued'
                    """, number, NameOf(aside.State), aside.Attempts, StoredTime.Format(aside.At), aside.Kind, aside.Reason) > 0)
                {
                    moves.Ended(target, length, DeliveryState.Queued, aside.State);
                }

                break;
            case OutboxRecord.Tried tried:
                session.Execute("update delivery set attempts = ?2, attempted = ?3, kind = ?4, reason = ?5 where number = ?1 and state = 'queued'",
                    number, tried.Attempts, StoredTime.Format(tried.At), tried.Kind, tried.Reason);
                break;
        }
    }

    /// <summary>Removes a payload that no delivery needs any more.</summary>
    public static void RemovePayload(SqliteSession session, long number, OutboxMoves moves) => session.Each(
        "delete from payload where number = ?1 and not exists (select 1 from delivery where payload = ?1) returning length, file",
        row =>
        {
            moves.RemovedPayload(row.GetInt64(0), row.IsDBNull(1) ? null : row.GetString(1));
            return true;
        }, number);

    // SQLITE_CONSTRAINT_UNIQUE
    private const int UniqueViolated = 2067;
}
