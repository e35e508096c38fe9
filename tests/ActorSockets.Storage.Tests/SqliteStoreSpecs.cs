using ActorSockets.Outbox;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage.Tests;

/// <summary>A store as a file: opened, locked, migrated, damaged, full, killed.</summary>
public sealed class SqliteStoreSpecs : IDisposable
{
    private readonly string _directory = Path.Combine(Directory.CreateTempSubdirectory("store-specs-").FullName, "store");

    private string Database => Path.Combine(_directory, SqliteStore.FileName);

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);

    [Fact]
    public async Task What_was_written_is_there_when_the_store_is_opened_again()
    {
        await using (var store = SqliteStore.Open(_directory))
            await store.Ledger.WriteAsync(Received("a"));
        await using var again = SqliteStore.Open(_directory);
        Assert.Equal(Received("a"), await again.Ledger.FindAsync(new DeliveryKey("", "a")));
    }

    [Fact]
    public async Task A_new_store_writes_ahead_flushes_each_commit_and_maps_no_memory()
    {
        await using var store = SqliteStore.Open(_directory);
        var (journal, synchronous, mapped) = await store.Writer.RunAsync(session =>
            (session.Text("pragma journal_mode"), session.Number("pragma synchronous"), session.Number("pragma mmap_size")));
        Assert.Equal("wal", journal);
        Assert.Equal(2, synchronous);
        Assert.Equal(0, mapped);
    }

    [Fact]
    public async Task Changes_that_wait_together_are_one_transaction()
    {
        await using var store = SqliteStore.Open(_directory);
        using var hold = new ManualResetEventSlim();
        var first = store.Writer.RunAsync(_ =>
        {
            hold.Wait();
            return 0;
        });
        var others = Enumerable.Range(0, 500).Select(i => store.Ledger.WriteAsync(Received($"id-{i}"))).ToArray();
        hold.Set();
        await first;
        await Task.WhenAll(others);
        Assert.Equal(2, store.Writer.Commits);
    }

    [Fact]
    public async Task A_change_that_fails_takes_none_of_the_others_with_it()
    {
        await using var store = SqliteStore.Open(_directory);
        using var hold = new ManualResetEventSlim();
        var first = store.Writer.RunAsync(_ =>
        {
            hold.Wait();
            return 0;
        });
        var good = store.Ledger.WriteAsync(Received("good"));
        var bad = store.Writer.RunAsync(session => session.Execute("insert into incoming (sender, id, state, offset, at) values ('', 'bad', 'no such state', 0, '')"));
        var alsoGood = store.Ledger.WriteAsync(Received("also-good"));
        hold.Set();
        await Task.WhenAll(first, good, alsoGood);
        await Assert.ThrowsAsync<LedgerException>(() => bad);
        Assert.NotNull(await store.Ledger.FindAsync(new DeliveryKey("", "good")));
        Assert.NotNull(await store.Ledger.FindAsync(new DeliveryKey("", "also-good")));
        Assert.Null(await store.Ledger.FindAsync(new DeliveryKey("", "bad")));
    }

    [Fact]
    public async Task A_full_disk_is_told_from_other_errors_and_the_store_goes_on_when_there_is_room()
    {
        await using var store = SqliteStore.Open(_directory);
        await store.Writer.RunAsync(session => session.Number($"pragma max_page_count = {session.Number("pragma page_count")}"));
        var entries = Enumerable.Range(0, 1000).Select(i => Received($"id-{i}")).ToArray();
        var failure = await Assert.ThrowsAsync<LedgerException>(() => store.Ledger.WriteAsync(entries));
        Assert.True(failure.IsFull);
        Assert.Null(await store.Ledger.FindAsync(new DeliveryKey("", "id-0")));

        await store.Writer.RunAsync(session => session.Number("pragma max_page_count = 1000000"));
        await store.Ledger.WriteAsync(entries);
        Assert.NotNull(await store.Ledger.FindAsync(new DeliveryKey("", "id-999")));
    }

    [Fact]
    public async Task A_second_process_is_told_who_has_the_directory()
    {
        var open = SqliteStore.Open(_directory);
        var failure = Assert.Throws<LedgerException>(() => SqliteStore.Open(_directory));
        Assert.Contains($"in use by process {Environment.ProcessId}, which has locked {_directory}", failure.Message, StringComparison.Ordinal);
        await open.DisposeAsync();
        await SqliteStore.Open(_directory).DisposeAsync();
    }

    [Fact]
    public void A_directory_that_a_process_has_for_a_moment_is_locked_when_it_is_free_again()
    {
        Directory.CreateDirectory(_directory);
        var queue = DirectoryLock.Take(_directory);
        var pauses = 0;
        using (DirectoryLock.Take(_directory, _ =>
        {
            if (++pauses == 3)
                queue.Dispose();
        }))
        {
            Assert.Equal(3, pauses);
            Assert.True(DirectoryLock.IsTaken(_directory));
        }
    }

    [Fact]
    public async Task A_person_reads_the_store_while_it_is_in_use()
    {
        await using var store = SqliteStore.Open(_directory);
        await store.Ledger.WriteAsync(Received("a"));
        using var person = new SqliteConnection($"Data Source={Database};Mode=ReadOnly;Pooling=False");
        person.Open();
        using var command = person.CreateCommand();
        command.CommandText = "select id || ' ' || state || ' ' || stored_as || ' ' || at from incoming";
        Assert.Equal("a received a.txt 2026-11-25T12:00:00.123Z", command.ExecuteScalar());
    }

    [Fact]
    public async Task A_store_of_a_killed_process_is_opened_with_all_that_was_committed()
    {
        // A copy of the files at this moment is what a SIGKILL leaves behind.
        var copy = Path.Combine(Path.GetDirectoryName(_directory)!, "copy");
        await using (var store = SqliteStore.Open(_directory))
        {
            await store.Ledger.WriteAsync(Received("a"));
            Directory.CreateDirectory(copy);
            foreach (var file in Directory.GetFiles(_directory, "store.db*"))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        Assert.True(new FileInfo(Path.Combine(copy, "store.db-wal")).Length > 0);
        await using var again = SqliteStore.Open(copy);
        Assert.NotNull(await again.Ledger.FindAsync(new DeliveryKey("", "a")));
    }

    [Fact]
    public async Task A_damaged_file_is_an_error_that_says_how_to_go_on_and_is_left_as_it_is()
    {
        await using (var store = SqliteStore.Open(_directory))
            await store.Ledger.WriteAsync([.. Enumerable.Range(0, 1000).Select(i => Received($"id-{i}"))]);
        var bytes = await File.ReadAllBytesAsync(Database);
        bytes.AsSpan(0, 4096).Fill(0x55);
        await File.WriteAllBytesAsync(Database, bytes);

        var failure = Assert.Throws<LedgerException>(() => SqliteStore.Open(_directory));
        Assert.Contains($"{Database} is damaged (file is not a database). Nothing was changed. To repair it: sqlite3", failure.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Database));
    }

    [Fact]
    public async Task A_damaged_page_is_found_after_a_crash()
    {
        await using (var store = SqliteStore.Open(_directory))
            await store.Ledger.WriteAsync([.. Enumerable.Range(0, 1000).Select(i => Received($"id-{i}"))]);
        var bytes = await File.ReadAllBytesAsync(Database);
        bytes.AsSpan(2 * 4096, 4096).Fill(0x55);
        await File.WriteAllBytesAsync(Database, bytes);
        // A log that is not empty is what a crash leaves.
        await File.WriteAllBytesAsync(Database + "-wal", new byte[32]);

        var failure = Assert.Throws<LedgerException>(() => SqliteStore.Open(_directory));
        Assert.Contains("is damaged", failure.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Database));
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_left_alone()
    {
        await using (var store = SqliteStore.Open(_directory))
            await store.Writer.RunAsync(session => session.Execute("pragma user_version = 99"));
        var failure = Assert.Throws<LedgerException>(() => SqliteStore.Open(_directory));
        Assert.Contains($"was written by a newer version of ActorSockets (schema 99; this one knows {Schema.Version})", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_of_another_program_is_left_alone()
    {
        Directory.CreateDirectory(_directory);
        using (var other = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            other.Open();
            using var command = other.CreateCommand();
            command.CommandText = "create table theirs (x)";
            command.ExecuteNonQuery();
        }

        Assert.Contains("another program", Assert.Throws<LedgerException>(() => SqliteStore.Open(_directory)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3.50.4", false)]
    [InlineData("3.51.2", false)]
    [InlineData("3.51.3", true)]
    [InlineData("3.53.3", true)]
    public void An_SQLite_that_can_damage_the_file_is_refused(string version, bool isFine)
    {
        var failure = Record.Exception(() => SqliteStore.RequireVersion(version));
        Assert.Equal(isFine, failure is null);
    }

    [Fact]
    public async Task Changes_after_the_end_fail_and_those_before_it_are_written()
    {
        var store = SqliteStore.Open(_directory);
        var written = Enumerable.Range(0, 100).Select(i => store.Ledger.WriteAsync(Received($"id-{i}"))).ToArray();
        await store.DisposeAsync();
        await Task.WhenAll(written);
        await Assert.ThrowsAsync<LedgerException>(() => store.Ledger.WriteAsync(Received("late")));
        Assert.False(File.Exists(Database + "-wal"));
    }

    [Fact]
    public void A_directory_that_cannot_be_written_is_an_error()
    {
        // A file system without room for files of ours, also for the superuser.
        if (OperatingSystem.IsLinux())
            Assert.Contains("/proc/self/lock cannot be locked: ", Assert.Throws<LedgerException>(() => SqliteStore.Open("/proc/self")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_an_error()
    {
        var file = Path.Combine(Path.GetDirectoryName(_directory)!, "file");
        File.WriteAllText(file, "");
        Assert.Contains("cannot be created", Assert.Throws<LedgerException>(() => SqliteStore.Open(Path.Combine(file, "store"))).Message, StringComparison.Ordinal);
    }

    private static LedgerEntry Received(string id) => new()
    {
        Key = new DeliveryKey("", id),
        State = LedgerState.Received,
        Length = 5,
        Digest = "xxh128:00112233445566778899aabbccddeeff",
        Offset = 5,
        StoredAs = $"{id}.txt",
        At = new DateTime(2026, 11, 25, 12, 0, 0, 123, DateTimeKind.Utc),
    };
}
