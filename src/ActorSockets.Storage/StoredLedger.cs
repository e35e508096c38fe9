using System.Data.Common;
using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>The ledger in the table <c>incoming</c>.</summary>
internal sealed class StoredLedger(GroupWriter writer, Readers readers) : ILedger
{
    private static readonly Insertion Entry = new("incoming",
    [
        ("sender", "text"), ("id", "text"), ("state", "text"), ("length", "bigint"), ("digest", "text"), ("partial", "text"),
        ("\"offset\"", "bigint"), ("stored_as", "text"), ("at", "timestamptz"),
    ], Key: 2);

    private static readonly Insertion NewEntry = new(Entry.Table, Entry.Columns);

    // Rows of one delete: other changes need not wait for more.
    private const int ForgottenTogether = 1_000;

    public async ValueTask<LedgerEntry?> FindAsync(DeliveryKey key) => await readers.RunAsync(session => Find(session, key));

    /// <inheritdoc cref="ILedger.FindAsync"/>
    public static LedgerEntry? Find(ISession session, DeliveryKey key) =>
        session.Query($"select {Entry.AllNames} from incoming where sender = ?1 and id = ?2", Read, key.Sender, key.Id).SingleOrDefault();

    public Task WriteAsync(params IReadOnlyCollection<LedgerEntry> entries) => writer.RunAsync(session =>
    {
        foreach (var entry in entries)
            Write(session, entry);

        return entries.Count;
    });

    /// <summary>Writes an entry as a part of another change.</summary>
    /// <param name="session">The change's.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="isNew">Whether one with the same key is an error.</param>
    public static void Write(ISession session, LedgerEntry entry, bool isNew = false) => session.Insert(isNew ? NewEntry : Entry,
        entry.Key.Sender, entry.Key.Id, NameOf(entry.State), entry.Length, entry.Digest, entry.PartialFile, entry.Offset, entry.StoredAs, entry.At);

    public Task RemoveAsync(params IReadOnlyCollection<DeliveryKey> keys) => writer.RunAsync(session =>
        keys.Sum(key => session.Execute("delete from incoming where sender = ?1 and id = ?2", key.Sender, key.Id)));

    public async Task<IReadOnlyList<LedgerEntry>> UnfinishedAsync() => await readers.RunAsync(session =>
        session.Query($"select {Entry.AllNames} from incoming where state in ('partial', 'storing') order by at", Read));

    public async Task<int> ForgetAsync(DateTime before)
    {
        int forgotten, all = 0;
        do
        {
            forgotten = await writer.RunAsync(session => session.Execute("""
                delete from incoming where (sender, id) in
                  (select sender, id from incoming where state = 'received' and at < ?1 order by at limit ?2)
                """, before, ForgottenTogether));
            all += forgotten;
        }
        while (forgotten == ForgottenTogether);
        return all;
    }

    private static LedgerEntry Read(DbDataReader row) => new()
    {
        Key = new DeliveryKey(row.GetString(0), row.GetString(1)),
        State = Enum.Parse<LedgerState>(row.GetString(2), ignoreCase: true),
        Length = row.IsDBNull(3) ? null : row.GetInt64(3),
        Digest = row.GetText(4),
        PartialFile = row.GetText(5),
        Offset = row.GetInt64(6),
        StoredAs = row.GetText(7),
        At = row.GetTime(8)!.Value,
    };

    private static string NameOf(LedgerState state) => state switch
    {
        LedgerState.Partial => "partial",
        LedgerState.Storing => "storing",
        _ => "received",
    };
}
