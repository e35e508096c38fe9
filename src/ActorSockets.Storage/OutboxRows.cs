using System.Data.Common;
using ActorSockets.Outbox;

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

    private static readonly Insertion Payload = new("payload", [("number", "bigint"), ("length", "bigint"), ("digest", "text"), ("file", "text"), ("bytes", "bytea")]);

    private static readonly Insertion Delivery = new("delivery",
    [
        ("number", "bigint"), ("target", "text"), ("id", "text"), ("payload", "bigint"), ("length", "bigint"), ("name", "text"), ("state", "text"),
        ("created", "timestamptz"), ("since", "timestamptz"), ("attempts", "integer"),
    ]);

    /// <summary>A payload with a delivery for each target.</summary>
    public static void Insert(ISession session, SpooledPayload payload, IReadOnlyList<NewDelivery> deliveries, DateTime now)
    {
        var number = session.NextNumber();
        session.Insert(Payload, number, payload.Length, payload.Digest, payload.Bytes is null ? payload.FileName : null, payload.Bytes);
        foreach (var delivery in deliveries)
            session.Insert(Delivery, session.NextNumber(), delivery.Target, delivery.Id, number, payload.Length, delivery.Name, "queued", now, now, 0);
    }

    /// <summary>Which of some deliveries are there already, and whether their payloads have this length and digest.</summary>
    public static List<(string Target, bool IsSamePayload)> Find(ISession session, IEnumerable<NewDelivery> deliveries, long length, string digest) =>
        [.. deliveries.SelectMany(delivery => session.Query("select p.length, p.digest from delivery d join payload p on p.number = d.payload where d.target = ?1 and d.id = ?2",
            row => (delivery.Target, row.GetInt64(0) == length && row.GetString(1) == digest), delivery.Target, delivery.Id))];

    /// <summary>The next deliveries of a line.</summary>
    /// <inheritdoc cref="IOutbox.NextAsync" path="/param"/>
    public static List<StoredDelivery> Next(ISession session, ILargePayloads large, string target, long after, int most, long mostBytes, long epoch)
    {
        var (next, bytes) = (new List<StoredDelivery>(), 0L);
        session.Each("""
            select d.number, d.id, d.name, d.since, d.attempts, p.length, p.digest, p.file, p.bytes
            from delivery d join payload p on p.number = d.payload
            where d.target = ?1 and d.state = 'queued' and d.number > ?2 and not exists (select 1 from target t where t.name = ?1 and t.held = 1)
            order by d.number limit ?3
            """, row =>
            {
                if (next.Count > 0 && bytes >= mostBytes)
                    return false;
                next.Add(Read(target, large, row, epoch));
                bytes += next[^1].Payload.Bytes?.Length ?? 0;
                return true;
            }, target, after, most);
        return next;
    }

    private static StoredDelivery Read(string target, ILargePayloads large, DbDataReader row, long epoch) => new()
    {
        Number = row.GetInt64(0),
        Target = target,
        Id = row.GetString(1),
        Name = row.GetText(2),
        Since = row.GetTime(3)!.Value,
        Attempts = row.GetInt32(4),
        Epoch = epoch,
        Payload = new OutboxPayload(
            row.IsDBNull(8) ? null : row.GetFieldValue<byte[]>(8),
            row.GetText(7) is { } file ? large.Open(file, row.GetInt64(5)) : null,
            row.GetInt64(5),
            row.GetString(6)),
    };

    /// <summary>Writes what became of a delivery, if it still is as it was when it was taken.</summary>
    public static void Record(ISession session, OutboxRecord record, OutboxMoves moves)
    {
        var (number, target, length) = (record.Delivery.Number, record.Delivery.Target, record.Delivery.Payload.Length);
        switch (record)
        {
            case OutboxRecord.Done:
                session.ForNumber("delete from delivery where number = ?1 returning number, payload, state, target, length", number, row =>
                {
                    moves.Ended(row.GetString(3), row.GetInt64(4), StateOf(row.GetString(2)), null);
                    RemovePayload(session, row.GetInt64(1), moves);
                });
                break;
            case OutboxRecord.SetAside aside:
                if (session.Execute("""
                    update delivery set state = ?2, attempts = ?3, attempted = ?4, kind = ?5, reason = ?6, finished = ?4
                    where number = ?1 and state = 'queued'
                    """, number, NameOf(aside.State), aside.Attempts, aside.At, aside.Kind, aside.Reason) > 0)
                {
                    moves.Ended(target, length, DeliveryState.Queued, aside.State);
                }

                break;
            case OutboxRecord.Tried tried:
                session.Execute("update delivery set attempts = ?2, attempted = ?3, kind = ?4, reason = ?5 where number = ?1 and state = 'queued'",
                    number, tried.Attempts, tried.At, tried.Kind, tried.Reason);
                break;
        }
    }

    /// <summary>Removes a payload that no delivery needs any more. Of two nodes that end its last deliveries at a time, the second one removes it.</summary>
    public static void RemovePayload(ISession session, long number, OutboxMoves moves) => session.ForPayload(
        "delete from payload where number = ?1 and not exists (select 1 from delivery d where d.payload = payload.number) returning number, length, file", number,
        row => moves.RemovedPayload(row.GetInt64(1), row.GetText(2)));
}
