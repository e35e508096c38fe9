using ActorSockets.Outbox;

namespace ActorSockets.Storage.Postgres;

/// <summary>
/// The outbox for a person. A command is executed here, under the schema's lock, when no program has it. Otherwise it is written into a
/// table, from where the program takes it: only one process changes deliveries at a time.
/// </summary>
internal sealed class PostgresQueue : IQueue
{
    private readonly StorePlace.InPostgres _place;
    private readonly SessionPool _sessions;
    private readonly Readers _readers;
    private readonly PayloadFiles? _files;

    private PostgresQueue(StorePlace.InPostgres place, PostgresDatabase database)
    {
        _place = place;
        _files = place.Payloads.Length > 0 ? new PayloadFiles(place.Payloads, isShared: true) : null;
        _sessions = new SessionPool(database);
        _readers = new Readers(database);
    }

    public bool IsInUse => _sessions.Run(session => PostgresLock.IsTaken(session, _place.Schema));

    /// <inheritdoc cref="IStoreOpener.OpenQueueAsync"/>
    public static async Task<PostgresQueue> OpenAsync(StorePlace.InPostgres place)
    {
        var connector = new PostgresConnector(place);
        var queue = new PostgresQueue(place, new PostgresDatabase(connector, PostgresUse.Beside));
        await queue._readers.RunAsync(session =>
        {
            PostgresSchema.RequireReadable(session, connector);
            return true;
        });
        return queue;
    }

    public Task<IReadOnlyList<QueueLine>> LinesAsync() => _readers.RunAsync<IReadOnlyList<QueueLine>>(session =>
    {
        var senders = SharedSchema.Senders(session);
        return [.. QueueRows.Lines(session).Select(line => line with { Node = senders.GetValueOrDefault(line.Target) })];
    });

    public Task<IReadOnlyList<QueueEntry>> ListAsync(QueueSelection selection, DeliveryState? state, int most) =>
        _readers.RunAsync(session => QueueRows.List(session, selection, state, most, _files is null ? _ => null : _files.PathOf));

    public async Task<int?> ExecuteAsync(QueueCommand command, TimeSpan patience)
    {
        if (!await Task.Run(() => IsInUse))
        {
            await using var store = await Task.Run(() => PostgresStore.Open(_place));
            return await QueueRows.ExecuteAsync(store, command);
        }

        return await QueueRows.WhenChangedAsync(_readers, await Task.Run(() => _sessions.Run(session => QueueRows.Leave(session, command))), patience);
    }

    public void Dispose()
    {
        _sessions.Dispose();
        _readers.Dispose();
    }
}
