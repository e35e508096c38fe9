using ActorSockets.Outbox;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>
/// The outbox for a person. A command is executed here, under the directory's lock, when no program has it. Otherwise it is written
/// into a table, from where the program takes it: only one process changes deliveries at a time.
/// </summary>
internal sealed class SqliteQueue : IQueue
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly OutboxLimits None = new(long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue);

    private readonly SqliteReaders _readers;
    private readonly string _directory;
    private readonly string _path;

    private SqliteQueue(string directory, string path)
    {
        _directory = directory;
        _path = path;
        _readers = new SqliteReaders(path);
    }

    public bool IsInUse => DirectoryLock.IsTaken(_directory);

    /// <inheritdoc cref="IStoreOpener.OpenQueueAsync"/>
    public static async Task<SqliteQueue> OpenAsync(string directory)
    {
        var path = Path.Combine(directory, SqliteStore.FileName);
        if (!File.Exists(path))
            throw new LedgerException($"there is no outbox in {directory}: nothing was ever stored there");
        var queue = new SqliteQueue(directory, path);
        await queue._readers.RunAsync(session =>
        {
            Schema.RequireReadable(session, path);
            return true;
        });
        return queue;
    }

    public Task<IReadOnlyList<QueueLine>> LinesAsync() => _readers.RunAsync<IReadOnlyList<QueueLine>>(session =>
    {
        var figures = new SortedDictionary<string, LineFigures>(StringComparer.Ordinal);
        var held = session.Query("select name from target where held = 1", row => row.GetString(0));
        foreach (var name in held)
            figures[name] = default;
        session.Each("select target, state, count(*), sum(length) from delivery group by target, state", row =>
        {
            var target = row.GetString(0);
            figures[target] = figures.GetValueOrDefault(target).Add(OutboxRows.StateOf(row.GetString(1)), row.GetInt64(2), row.GetInt64(3));
            return true;
        });
        return [.. figures.Select(line => new QueueLine(
            line.Key,
            held.Contains(line.Key),
            line.Value,
            session.Query("select min(created) from delivery where target = ?1 and state in ('queued', 'held')", Time, line.Key).Single(),
            session.Query("select reason from delivery where target = ?1 and reason is not null order by attempted desc limit 1", row => row.GetString(0), line.Key).SingleOrDefault()))];

        static DateTime? Time(SqliteDataReader row) => row.IsDBNull(0) ? null : StoredTime.Parse(row.GetString(0));
    });

    public Task<IReadOnlyList<QueueEntry>> ListAsync(QueueSelection selection, DeliveryState? state, int most) => _readers.RunAsync<IReadOnlyList<QueueEntry>>(session =>
        session.Query("""
            select d.target, d.id, d.state, d.length, p.digest, p.file, d.name, d.created, d.attempts, d.attempted, d.kind, d.reason, d.finished
            from delivery d join payload p on p.number = d.payload
            where (?1 is null or d.target = ?1) and (?2 is null or d.id = ?2) and (?3 is null or d.state = ?3)
            order by d.number limit ?4
            """, Read, selection.Target, selection.Id, state is { } known ? OutboxRows.NameOf(known) : null, most));

    public async Task<int?> ExecuteAsync(QueueCommand command, TimeSpan patience)
    {
        if (!IsInUse)
        {
            await using var store = await Task.Run(() => SqliteStore.Open(_directory));
            return await store.OpenOutbox(None).ExecuteAsync(command);
        }

        var number = await Task.Run(() => Leave(command));
        for (var waited = TimeSpan.Zero; waited < patience; waited += PollInterval)
        {
            if (await ChangedAsync(number) is { } changed)
                return changed;
            await Task.Delay(PollInterval);
        }

        return await ChangedAsync(number);
    }

    public void Dispose() => _readers.Dispose();

    /// <summary>A command as it was left in the table.</summary>
    public static (long Number, QueueCommand Command) ReadCommand(SqliteDataReader row) => (row.GetInt64(0), new QueueCommand(
        Enum.Parse<QueueVerb>(row.GetString(1), ignoreCase: true), new QueueSelection(Text(row, 2), Text(row, 3))));

    private long Leave(QueueCommand command)
    {
        try
        {
            using var session = SqliteSession.Open(_path, readOnly: false);
            // The checkpoints are those of the process that has the lock.
            session.Script("pragma synchronous = full; pragma wal_autocheckpoint = 0");
            return session.Query("insert into command (at, verb, target, id) values (?1, ?2, ?3, ?4) returning number", row => row.GetInt64(0),
                StoredTime.Format(DateTime.UtcNow), NameOf(command.Verb), command.Selection.Target, command.Selection.Id).Single();
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Explain(_path, e);
        }
    }

    private Task<int?> ChangedAsync(long number) => _readers.RunAsync(session =>
        session.Query("select changed from command where number = ?1", row => row.IsDBNull(0) ? (int?)null : row.GetInt32(0), number).Single());

    private static string NameOf(QueueVerb verb) => verb switch
    {
        QueueVerb.Retry => "retry",
        QueueVerb.Cancel => "cancel",
        QueueVerb.Hold => "hold",
        _ => "release",
    };

    private QueueEntry Read(SqliteDataReader row) => new()
    {
        Target = row.GetString(0),
        Id = row.GetString(1),
        State = OutboxRows.StateOf(row.GetString(2)),
        Length = row.GetInt64(3),
        Digest = row.GetString(4),
        File = Text(row, 5) is { } file ? new PayloadFiles(_directory).PathOf(file) : null,
        Name = Text(row, 6),
        Created = StoredTime.Parse(row.GetString(7)),
        Attempts = row.GetInt32(8),
        LastAttempt = Text(row, 9) is { } attempted ? StoredTime.Parse(attempted) : null,
        Kind = Text(row, 10),
        Reason = Text(row, 11),
        Finished = Text(row, 12) is { } finished ? StoredTime.Parse(finished) : null,
    };

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
