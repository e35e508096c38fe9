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
        foreach (var file in Files())
            File.Delete(file);
        return Task.CompletedTask;
    }

    public override async Task DamageAsync(IStore store)
    {
        await ((SqliteStore)store).Writer.RunAsync(session => session.Execute("update payload set bytes = zeroblob(length) where bytes is not null"));
        foreach (var path in Files())
        {
            var bytes = await File.ReadAllBytesAsync(path);
            bytes[1000] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
        }
    }

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    public string[] Files() => Directory.Exists(Path.Combine(OutboxDirectory, "payloads")) ? Directory.GetFiles(Path.Combine(OutboxDirectory, "payloads")) : [];
}
