using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>What <see cref="StoreLibrary"/> looks for when a store is a directory.</summary>
internal sealed class SqliteOpener : IStoreOpener
{
    public IStore Open(StorePlace place) => SqliteStore.Open(((StorePlace.OnDisk)place).Path);

    public async Task<IQueue> OpenQueueAsync(StorePlace place) => await SqliteQueue.OpenAsync(((StorePlace.OnDisk)place).Path);

    public (string Key, string Message)? WhyWrong(StorePlace place) => null;
}
