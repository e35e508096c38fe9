using ActorSockets.Outbox;
using ActorSockets.Tests.Support;

namespace ActorSockets.Storage.Tests.Support;

/// <summary>A schema of its own, and a directory for large payloads.</summary>
internal sealed class PayloadsTestStore(PrivatePostgres server) : PostgresTestStore(server)
{
    private readonly string _directory = Directory.CreateTempSubdirectory("store-specs-").FullName;

    protected override string Payloads => _directory;

    private LargeFiles Large => new(_directory);

    public override Task<int> CountLargeAsync() => Task.FromResult(Large.Paths().Length);

    public override Task DeleteLargeAsync()
    {
        Large.Delete();
        return Task.CompletedTask;
    }

    public override async Task DamageAsync(IStore store)
    {
        await base.DamageAsync(store);
        await Large.DamageAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
