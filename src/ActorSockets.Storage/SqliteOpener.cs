using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>What <see cref="StoreLibrary"/> looks for.</summary>
internal sealed class SqliteOpener : IStoreOpener
{
    public IStore Open(string directory) => SqliteStore.Open(directory);

    public async Task<IQueue> OpenQueueAsync(string directory) => await SqliteQueue.OpenAsync(directory);
}
