using ActorSockets.Outbox;

namespace ActorSockets.Storage.Postgres;

/// <summary>What <see cref="StoreLibrary"/> looks for when a store is in PostgreSQL.</summary>
internal sealed class PostgresOpener : IStoreOpener
{
    public IStore Open(StorePlace place) => PostgresStore.Open((StorePlace.InPostgres)place);

    public async Task<IQueue> OpenQueueAsync(StorePlace place) => await PostgresQueue.OpenAsync((StorePlace.InPostgres)place);

    public (string Key, string Message)? WhyWrong(StorePlace place) =>
        PostgresConnector.WhyWrong(((StorePlace.InPostgres)place).Connection) is { } wrong ? ("connection", wrong) : null;
}
