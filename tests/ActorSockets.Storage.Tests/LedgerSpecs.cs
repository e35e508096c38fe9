using ActorSockets.Outbox;

namespace ActorSockets.Storage.Tests;

/// <summary>What every ledger does: the one in memory and the one in SQLite.</summary>
public sealed class LedgerSpecs : IAsyncLifetime
{
    private static readonly DateTime Noon = new(2026, 11, 25, 12, 0, 0, DateTimeKind.Utc);

    private readonly string _directory = Directory.CreateTempSubdirectory("ledger-specs-").FullName;
    private SqliteStore _store = null!;

    public static TheoryData<bool> Kinds => [true, false];

    public Task InitializeAsync()
    {
        _store = SqliteStore.Open(_directory);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task An_entry_is_found_as_it_was_written(bool onDisk)
    {
        var ledger = Ledger(onDisk);
        var full = Entry("full", LedgerState.Storing) with
        {
            Length = long.MaxValue,
            Digest = "sha256:ab",
            PartialFile = "p",
            Offset = 1L << 40,
            StoredAs = "naïve’.txt",
        };
        var sparse = Entry("sparse", LedgerState.Partial);
        await ledger.WriteAsync(full, sparse);
        Assert.Equal(full, await ledger.FindAsync(full.Key));
        Assert.Equal(sparse, await ledger.FindAsync(sparse.Key));
        Assert.Null(await ledger.FindAsync(new DeliveryKey("", "unknown")));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task An_id_of_one_sender_is_not_that_of_another(bool onDisk)
    {
        var ledger = Ledger(onDisk);
        var berlin = Entry("1", LedgerState.Received) with { Key = new DeliveryKey("berlin", "1"), Offset = 1 };
        var oslo = berlin with { Key = new DeliveryKey("oslo", "1"), Offset = 2 };
        await ledger.WriteAsync(berlin, oslo);
        Assert.Equal(1, (await ledger.FindAsync(berlin.Key))!.Offset);
        Assert.Equal(2, (await ledger.FindAsync(oslo.Key))!.Offset);
        await ledger.RemoveAsync(berlin.Key);
        Assert.Null(await ledger.FindAsync(berlin.Key));
        Assert.NotNull(await ledger.FindAsync(oslo.Key));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_later_entry_takes_the_place_of_an_earlier_one(bool onDisk)
    {
        var ledger = Ledger(onDisk);
        await ledger.WriteAsync(Entry("a", LedgerState.Partial));
        await ledger.WriteAsync(Entry("a", LedgerState.Received));
        Assert.Equal(LedgerState.Received, (await ledger.FindAsync(new DeliveryKey("", "a")))!.State);
        Assert.Empty(await ledger.UnfinishedAsync());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task What_is_not_received_yet_is_listed_the_oldest_first(bool onDisk)
    {
        var ledger = Ledger(onDisk);
        await ledger.WriteAsync(
            Entry("oldest", LedgerState.Storing) with { At = Noon },
            Entry("done", LedgerState.Received) with { At = Noon.AddSeconds(1) },
            Entry("newest", LedgerState.Partial) with { At = Noon.AddSeconds(2) });
        Assert.Equal(["oldest", "newest"], (await ledger.UnfinishedAsync()).Select(entry => entry.Key.Id));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Received_entries_are_forgotten_when_they_are_old_and_others_are_not(bool onDisk)
    {
        var ledger = Ledger(onDisk);
        await ledger.WriteAsync([.. Enumerable.Range(0, 2500).Select(i => Entry($"{i}", LedgerState.Received))]);
        await ledger.WriteAsync(
            Entry("partial", LedgerState.Partial),
            Entry("new", LedgerState.Received) with { At = Noon.AddHours(1) });
        Assert.Equal(2500, await ledger.ForgetAsync(Noon.AddHours(1)));
        Assert.Null(await ledger.FindAsync(new DeliveryKey("", "7")));
        Assert.NotNull(await ledger.FindAsync(new DeliveryKey("", "partial")));
        Assert.NotNull(await ledger.FindAsync(new DeliveryKey("", "new")));
        Assert.Equal(0, await ledger.ForgetAsync(Noon.AddHours(1)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Writes_and_reads_may_overlap(bool onDisk)
    {
        var ledger = Ledger(onDisk);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            await ledger.WriteAsync(Entry($"{i}", LedgerState.Partial) with { Offset = i });
            Assert.Equal(i, (await ledger.FindAsync(new DeliveryKey("", $"{i}")))!.Offset);
        }));
    }

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

    private ILedger Ledger(bool onDisk) => onDisk ? _store.Ledger : new MemoryLedger(capacity: 10_000);

    private static LedgerEntry Entry(string id, LedgerState state) => new() { Key = new DeliveryKey("", id), State = state, At = Noon };
}
