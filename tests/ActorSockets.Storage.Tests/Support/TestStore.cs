using ActorSockets.Outbox;
using ActorSockets.Tests.Support;

namespace ActorSockets.Storage.Tests.Support;

/// <summary>A store of its own for a test, which can be opened again and again.</summary>
internal abstract class TestStore : IAsyncDisposable
{
    /// <param name="kind"><c>sqlite</c>, <c>postgresql</c>, or <c>payloads</c>: PostgreSQL and a directory.</param>
    public static async Task<TestStore> OfAsync(string kind) => kind switch
    {
        "sqlite" => new SqliteTestStore(),
        "postgresql" => new PostgresTestStore(await PrivatePostgres.SharedAsync()),
        _ => new PayloadsTestStore(await PrivatePostgres.SharedAsync()),
    };

    public abstract StorePlace Place { get; }

    /// <summary>The settings of an outbox there.</summary>
    public abstract string Hocon { get; }

    public IStore Open() => StoreLibrary.Open(Place);

    public Task<IQueue> OpenQueueAsync() => StoreLibrary.OpenQueueAsync(Place);

    /// <summary>A place like this one where nothing was ever stored.</summary>
    public abstract StorePlace Nowhere { get; }

    /// <summary>Rows of a table of the open store.</summary>
    public abstract Task<long> CountAsync(IStore store, string table);

    /// <summary>Payloads outside the table <c>payload</c>.</summary>
    public abstract Task<int> CountLargeAsync();

    /// <summary>Removes them.</summary>
    public abstract Task DeleteLargeAsync();

    /// <summary>Changes a byte of each payload, wherever it is.</summary>
    public abstract Task DamageAsync(IStore store);

    /// <summary>From now on, no delivery of this id can be removed.</summary>
    public abstract Task KeepAsync(IStore store, string id);

    /// <summary>Now it can be.</summary>
    public abstract Task LetGoAsync(IStore store);

    public abstract ValueTask DisposeAsync();
}
