using ActorSockets.Outbox;
using ActorSockets.Storage.Tests.Support;

namespace ActorSockets.Storage.Tests;

/// <summary>What every ledger does.</summary>
/// <param name="kind">Of the store; <c>memory</c>: none.</param>
public abstract class LedgerSpecs(string kind) : IAsyncLifetime
{
    private static readonly DateTime Noon = new(2026, 11, 25, 12, 0, 0, DateTimeKind.Utc);

    private TestStore? _place;
    private IStore? _store;
    private ILedger _ledger = new MemoryLedger(capacity: 10_000);

    public async Task InitializeAsync()
    {
        if (kind == "memory")
            return;
        _place = await TestStore.OfAsync(kind);
        _store = _place.Open();
        _ledger = _store.Ledger;
    }

    public async Task DisposeAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        if (_place is not null)
            await _place.DisposeAsync();
    }

    [StoreFact]
    public async Task An_entry_is_found_as_it_was_written()
    {
        var full = Entry("full", LedgerState.Storing) with
        {
            Length = long.MaxValue,
            Digest = "sha256:ab",
            PartialFile = "p",
            Offset = 1L << 40,
            StoredAs = "naïve’.txt",
        };
        var sparse = Entry("sparse", LedgerState.Partial);
        await _ledger.WriteAsync(full, sparse);
        Assert.Equal(full, await _ledger.FindAsync(full.Key));
        Assert.Equal(sparse, await _ledger.FindAsync(sparse.Key));
        Assert.Null(await _ledger.FindAsync(new DeliveryKey("", "unknown")));
    }

    [StoreFact]
    public async Task An_id_of_one_sender_is_not_that_of_another()
    {
        var berlin = Entry("1", LedgerState.Received) with { Key = new DeliveryKey("berlin", "1"), Offset = 1 };
        var oslo = berlin with { Key = new DeliveryKey("oslo", "1"), Offset = 2 };
        await _ledger.WriteAsync(berlin, oslo);
        Assert.Equal(1, (await _ledger.FindAsync(berlin.Key))!.Offset);
        Assert.Equal(2, (await _ledger.FindAsync(oslo.Key))!.Offset);
        await _ledger.RemoveAsync(berlin.Key);
        Assert.Null(await _ledger.FindAsync(berlin.Key));
        Assert.NotNull(await _ledger.FindAsync(oslo.Key));
    }

    [StoreFact]
    public async Task A_later_entry_takes_the_place_of_an_earlier_one()
    {
        await _ledger.WriteAsync(Entry("a", LedgerState.Partial));
        await _ledger.WriteAsync(Entry("a", LedgerState.Received));
        Assert.Equal(LedgerState.Received, (await _ledger.FindAsync(new DeliveryKey("", "a")))!.State);
        Assert.Empty(await _ledger.UnfinishedAsync());
    }

    [StoreFact]
    public async Task What_is_not_received_yet_is_listed_the_oldest_first()
    {
        await _ledger.WriteAsync(
            Entry("oldest", LedgerState.Storing) with { At = Noon },
            Entry("done", LedgerState.Received) with { At = Noon.AddSeconds(1) },
            Entry("newest", LedgerState.Partial) with { At = Noon.AddSeconds(2) });
        Assert.Equal(["oldest", "newest"], (await _ledger.UnfinishedAsync()).Select(entry => entry.Key.Id));
    }

    [StoreFact]
    public async Task Received_entries_are_forgotten_when_they_are_old_and_others_are_not()
    {
        await _ledger.WriteAsync([.. Enumerable.Range(0, 2500).Select(i => Entry($"{i}", LedgerState.Received))]);
        await _ledger.WriteAsync(
            Entry("partial", LedgerState.Partial),
            Entry("new", LedgerState.Received) with { At = Noon.AddHours(1) });
        Assert.Equal(2500, await _ledger.ForgetAsync(Noon.AddHours(1)));
        Assert.Null(await _ledger.FindAsync(new DeliveryKey("", "7")));
        Assert.NotNull(await _ledger.FindAsync(new DeliveryKey("", "partial")));
        Assert.NotNull(await _ledger.FindAsync(new DeliveryKey("", "new")));
        Assert.Equal(0, await _ledger.ForgetAsync(Noon.AddHours(1)));
    }

    [StoreFact]
    public async Task Writes_and_reads_may_overlap()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            await _ledger.WriteAsync(Entry($"{i}", LedgerState.Partial) with { Offset = i });
            Assert.Equal(i, (await _ledger.FindAsync(new DeliveryKey("", $"{i}")))!.Offset);
        }));
    }

    private protected static LedgerEntry Entry(string id, LedgerState state) => new() { Key = new DeliveryKey("", id), State = state, At = Noon };
}

/// <summary>The ledger in SQLite.</summary>
public sealed class SqliteLedgerSpecs() : LedgerSpecs("sqlite");

/// <summary>The ledger in PostgreSQL.</summary>
public sealed class PostgresLedgerSpecs() : LedgerSpecs("postgresql");

/// <summary>The ledger in memory.</summary>
public sealed class MemoryLedgerSpecs() : LedgerSpecs("memory")
{
    [Fact]
    public async Task The_one_in_memory_forgets_the_oldest_when_there_are_too_many()
    {
        var ledger = new MemoryLedger(capacity: 2);
        await ledger.WriteAsync(Entry("a", LedgerState.Received));
        await ledger.WriteAsync(Entry("b", LedgerState.Received));
        await ledger.WriteAsync(Entry("a", LedgerState.Received));
        await ledger.WriteAsync(Entry("c", LedgerState.Received));
        Assert.Null(await ledger.FindAsync(new DeliveryKey("", "b")));
        Assert.NotNull(await ledger.FindAsync(new DeliveryKey("", "a")));
        Assert.NotNull(await ledger.FindAsync(new DeliveryKey("", "c")));
    }
}
