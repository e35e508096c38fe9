using ActorSockets.Outbox;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>The ledger in the table <c>incoming</c>.</summary>
internal sealed class SqliteLedger(SqliteWriter writer, SqliteReaders readers) : ILedger
{
    private const string Columns = "sender, id, state, length, digest, partial, offset, stored_as, at";

    // Rows of one delete: other changes need not wait for more.
    private const int ForgottenTogether = 1_000;

    public async ValueTask<LedgerEntry?> FindAsync(DeliveryKey key) => await readers.RunAsync(session =>
        session.Query($"select {Columns} from incoming where sender = ?1 and id = ?2", Read, key.Sender, key.Id).SingleOrDefault());

    public Task WriteAsync(params IReadOnlyCollection<LedgerEntry> entries) => writer.RunAsync(session =>
    {
        foreach (var entry in entries)
            Write(session, entry);

        return entries.Count;
    });

    /// <summary>Writes an entry as a part of another change.</summary>
    public static void Write(SqliteSession session, LedgerEntry entry) => session.Execute(
        $"insert or replace into incoming ({Columns}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        entry.Key.Sender, entry.Key.Id, NameOf(entry.State), entry.Length, entry.Digest, entry.PartialFile, entry.Offset, entry.StoredAs,
        StoredTime.Format(entry.At));

    public Task RemoveAsync(params IReadOnlyCollection<DeliveryKey> keys) => writer.RunAsync(session =>
        keys.Sum(key => session.Execute("delete from incoming where sender = ?1 and id = ?2", key.Sender, key.Id)));

    public async Task<IReadOnlyList<LedgerEntry>> UnfinishedAsync() => await readers.RunAsync(session =>
        session.Query($"select {Columns} from incoming where state in ('partial', 'storing') order by at", Read));

    public async Task<int> ForgetAsync(DateTime before)
    {
        int forgotten, all = 0;
        do
        {
            forgotten = await writer.RunAsync(session => session.Execute("""
                delete from incoming where (sender, id) in
                  (select sender, id from incoming where state = 'received' and at < ?1 order by at limit ?2)
                """, StoredTime.Format(before), ForgottenTogether));
            all += forgotten;
        }
        while (forgotten == ForgottenTogether);
        return all;
    }

    private static LedgerEntry Read(SqliteDataReader row) => new()
    {
        Key = new DeliveryKey(row.GetString(0), row.GetString(1)),
        State = Enum.Parse<LedgerState>(row.GetString(2), ignoreCase: true),
        Length = row.IsDBNull(3) ? null : row.GetInt64(3),
        Digest = row.IsDBNull(4) ? null : row.GetString(4),
        PartialFile = row.IsDBNull(5) ? null : row.GetString(5),
        Offset = row.GetInt64(6),
        StoredAs = row.IsDBNull(7) ? null : row.GetString(7),
        At = StoredTime.Parse(row.GetString(8)),
    };

    private static string NameOf(LedgerState state) => state switch
    {
        LedgerState.Partial => "partial",
        LedgerState.Storing => "storing",
        _ => "received",
    };
}
