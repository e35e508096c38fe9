using ActorSockets.Outbox;

namespace ActorSockets.Storage.Postgres;

/// <summary>A schema of a PostgreSQL database, which a person may read with psql while it is in use. All tables share one writer.</summary>
internal sealed class PostgresStore : IStore
{
    private readonly Readers _readers;
    private readonly ILargePayloads _large;
    private readonly SharedSchema? _shared;

    private PostgresStore(PostgresDatabase database, StorePlace.InPostgres place)
    {
        _shared = place.IsShared ? new SharedSchema(database, new SessionPool(database)) : null;
        Writer = new GroupWriter(database);
        _readers = new Readers(database);
        _large = place.Payloads.Length > 0 ? new PayloadFiles(place.Payloads, isShared: true) : new PayloadParts(database);
        Ledger = new StoredLedger(Writer, _readers);
    }

    /// <summary>Where every change goes.</summary>
    public GroupWriter Writer { get; }

    public ILedger Ledger { get; }

    /// <inheritdoc cref="IStoreOpener.Open"/>
    public static PostgresStore Open(StorePlace.InPostgres place)
    {
        var connector = new PostgresConnector(place);
        var database = new PostgresDatabase(connector, place.IsShared ? PostgresUse.Shared : PostgresUse.Alone);
        try
        {
            var session = database.Writer;
            if (place.IsShared && !database.IsAlone)
                PostgresSchema.RequirePresent(session, connector);
            else
                PostgresSchema.Migrate(session, connector);
            SharedPayloads.Claim(session, connector, place.Payloads, mayChange: !place.IsShared || database.IsAlone);
            session.Execute("delete from writer where at < now() - interval '1 day'");
            return new PostgresStore(database, place);
        }
        catch (Exception e) when (e is Npgsql.NpgsqlException or LedgerException)
        {
            database.Dispose();
            throw connector.Explain(e);
        }
    }

    public IOutbox OpenOutbox(OutboxLimits limits) => StoredOutbox.Open(Writer, _readers, _large, limits, _shared);

    /// <summary>Reads beside the writer.</summary>
    public Task<T> ReadAsync<T>(Func<ISession, T> query) => _readers.RunAsync(query);

    /// <summary>Commits what waits, closes the connections and lets others in. No call may be under way but changes that wait.</summary>
    public async ValueTask DisposeAsync()
    {
        _readers.Dispose();
        _shared?.Dispose();
        await _large.DisposeAsync();
        await Writer.DisposeAsync();
    }
}
