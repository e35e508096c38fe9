using ActorSockets.Outbox;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>
/// The outbox for a person. A command is executed here, under the directory's lock, when no program has it. Otherwise it is written
/// into a table, from where the program takes it: only one process changes deliveries at a time.
/// </summary>
internal sealed class SqliteQueue : IQueue
{
    private readonly Readers _readers;
    private readonly string _directory;
    private readonly string _path;

    private SqliteQueue(string directory, string path)
    {
        _directory = directory;
        _path = path;
        _readers = new Readers(new SqliteDatabase(null, path));
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

    public Task<IReadOnlyList<QueueLine>> LinesAsync() => _readers.RunAsync(QueueRows.Lines);

    public Task<IReadOnlyList<QueueEntry>> ListAsync(QueueSelection selection, DeliveryState? state, int most) =>
        _readers.RunAsync(session => QueueRows.List(session, selection, state, most, new PayloadFiles(_directory).PathOf));

    public async Task<int?> ExecuteAsync(QueueCommand command, TimeSpan patience)
    {
        if (!IsInUse)
        {
            await using var store = await Task.Run(() => SqliteStore.Open(_directory));
            return await QueueRows.ExecuteAsync(store, command);
        }

        return await QueueRows.WhenChangedAsync(_readers, await Task.Run(() => Leave(command)), patience);
    }

    public void Dispose() => _readers.Dispose();

    private long Leave(QueueCommand command)
    {
        try
        {
            using var session = SqliteSession.Open(_path, readOnly: false);
            // The checkpoints are those of the process that has the lock.
            session.Script("pragma synchronous = full; pragma wal_autocheckpoint = 0");
            return QueueRows.Leave(session, command);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Explain(_path, e);
        }
    }
}
