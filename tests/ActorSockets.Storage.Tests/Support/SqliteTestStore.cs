using ActorSockets.Outbox;

namespace ActorSockets.Storage.Tests.Support;

internal sealed class SqliteTestStore : TestStore
{
    private readonly string _root = Directory.CreateTempSubdirectory("store-specs-").FullName;

    public string OutboxDirectory => Path.Combine(_root, "outbox");

    public override StorePlace Place => new StorePlace.OnDisk(OutboxDirectory);

    public override string Hocon => $"outbox.directory = \"{OutboxDirectory}\"";

    public override StorePlace Nowhere => new StorePlace.OnDisk(Path.Combine(_root, "nowhere"));

    public override Task<long> CountAsync(IStore store, string table) => ((SqliteStore)store).ReadAsync(session => session.Number($"select count(*) from {table}"));

    public override Task<int> CountLargeAsync() => Task.FromResult(Files().Length);

    public override Task DeleteLargeAsync()
    {
        Large.Delete();
        return Task.CompletedTask;
    }

    public override async Task DamageAsync(IStore store)
    {
        await ((SqliteStore)store).Writer.RunAsync(session => session.Execute("update payload set bytes = zeroblob(length) where bytes is not null"));
        await Large.DamageAsync();
    }

    public override Task KeepAsync(IStore store, string id) => ((SqliteStore)store).Writer.RunAsync(session =>
        session.Execute($"create trigger kept before delete on delivery when old.id = '{id}' begin select raise(abort, 'kept'); end"));

    public override Task LetGoAsync(IStore store) => ((SqliteStore)store).Writer.RunAsync(session => session.Execute("drop trigger kept"));

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    public string[] Files() => Large.Paths();

    private LargeFiles Large => new(OutboxDirectory);
}
