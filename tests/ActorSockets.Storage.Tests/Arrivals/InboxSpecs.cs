using System.Text;
using ActorSockets.Outbox;
using ActorSockets.Servers.Arrivals;

namespace ActorSockets.Storage.Tests.Arrivals;

/// <summary>What an inbox stores, keeps, forgets and refuses; and what it makes of what a crash left.</summary>
public sealed class InboxSpecs : IAsyncLifetime
{
    private const string SomeDigest = "xxh128:00112233445566778899aabbccddeeff";
    private const string OtherDigest = "xxh128:ffffffffffffffffffffffffffffffff";

    private readonly string _directory = Directory.CreateTempSubdirectory("inbox-specs-").FullName;
    private readonly object _connection = new();
    private Inbox _inbox = null!;

    private string Partials => Path.Combine(_directory, ".actorsockets", "partial");

    public async Task InitializeAsync() => _inbox = await OpenInboxAsync();

    public async Task DisposeAsync()
    {
        await _inbox.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(FileArrival.MostHeld)]
    [InlineData(FileArrival.MostHeld + 1)]
    [InlineData(300_000)]
    public async Task A_delivery_is_stored_under_its_name_byte_for_byte(int length)
    {
        var bytes = Bytes(length);
        var arrival = await BeginAsync("1", length, name: "report.pdf");
        for (var at = 0; at < length; at += 7000)
            await arrival.WriteAsync(bytes.AsMemory(at, Math.Min(7000, length - at)));
        var stored = await arrival.StoreAsync(length, SomeDigest);
        Assert.Equal(Path.Combine(_directory, "report.pdf"), stored.As);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(stored.As!));
        Assert.Empty(Directory.GetFiles(Partials));
        Assert.Equal(["report.pdf"], Names());
    }

    [Fact]
    public async Task A_delivery_that_does_not_know_its_length_is_stored()
    {
        var arrival = await BeginAsync("1", length: null, name: "stream");
        for (var i = 0; i < 100; i++)
            await arrival.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 1000)));
        await arrival.StoreAsync(100_000, SomeDigest);
        Assert.Equal(100_000, new FileInfo(Path.Combine(_directory, "stream")).Length);
    }

    [Fact]
    public async Task A_delivery_without_a_name_is_stored_under_its_id()
    {
        await StoreAsync("invoice-7:a", "hello", name: null);
        await StoreAsync("..", "hello", name: null);
        Assert.Equal(["id-..", "invoice-7:a"], Names());
    }

    [Fact]
    public async Task A_stored_delivery_is_known_when_it_comes_again_also_after_a_restart()
    {
        await StoreAsync("1", "hello", "a.txt");
        Assert.Equal(new Opening.Known(5, SomeDigest, Path.Combine(_directory, "a.txt")), await OpenAsync("1", 5, "a.txt"));
        await RestartAsync();
        Assert.Equal(new Opening.Known(5, SomeDigest, Path.Combine(_directory, "a.txt")), await OpenAsync("1", 5, "a.txt"));
        File.Delete(Path.Combine(_directory, "a.txt"));
        Assert.IsType<Opening.Known>(await OpenAsync("1", 5, "a.txt"));
    }

    [Fact]
    public async Task An_id_that_is_stored_with_another_length_or_digest_is_in_use()
    {
        await StoreAsync("1", "hello", "a.txt");
        Assert.Equal("id-in-use", Assert.IsType<Opening.Refused>(await OpenAsync("1", 6, "a.txt")).Code);
        Assert.Equal("id-in-use", Assert.IsType<Opening.Refused>(await OpenAsync("1", 5, "a.txt", OtherDigest)).Code);
        Assert.IsType<Opening.Known>(await OpenAsync("1", null, "a.txt", "sha256:of another algorithm"));
    }

    [Fact]
    public async Task A_name_that_is_taken_gets_a_number()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "a.tar.gz"), "there before");
        for (var i = 0; i < 3; i++)
            await StoreAsync($"{i}", $"text {i}", "a.tar.gz");
        Assert.Equal(["a.tar-2.gz", "a.tar-3.gz", "a.tar-4.gz", "a.tar.gz"], Names());
        Assert.Equal("there before", await File.ReadAllTextAsync(Path.Combine(_directory, "a.tar.gz")));
        Assert.Equal("text 2", await File.ReadAllTextAsync(Path.Combine(_directory, "a.tar-4.gz")));
    }

    [Fact]
    public async Task Many_deliveries_of_one_name_that_are_stored_together_all_stay()
    {
        var arrivals = new List<IArrival>();
        for (var i = 0; i < 100; i++)
        {
            arrivals.Add(await BeginAsync($"{i}", 3, "same"));
            await arrivals[i].WriteAsync(Encoding.ASCII.GetBytes($"{i:000}"));
        }

        await Task.WhenAll(arrivals.Select(arrival => arrival.StoreAsync(3, SomeDigest)));
        Assert.Equal(100, Names().Select(name => File.ReadAllText(Path.Combine(_directory, name))).Distinct().Count());
        Assert.True(_inbox.Storing.Commits < 100, "deliveries that wait together are committed together");
    }

    [Fact]
    public async Task A_link_with_the_name_of_a_delivery_is_not_followed()
    {
        var outside = Path.Combine(Path.GetTempPath(), $"outside-{Guid.NewGuid():N}");
        File.CreateSymbolicLink(Path.Combine(_directory, "link"), outside);
        await StoreAsync("1", "hello", "link");
        Assert.Equal(["link", "link-2"], Names());
        Assert.False(File.Exists(outside));
        await RestartAsync(settings => settings with { NameConflict = NameConflict.Replace });
        await StoreAsync("2", "hello", "link");
        Assert.False(File.Exists(outside));
        Assert.Null(new FileInfo(Path.Combine(_directory, "link")).LinkTarget);
    }

    [Fact]
    public async Task A_name_is_replaced_when_told_so()
    {
        await RestartAsync(settings => settings with { NameConflict = NameConflict.Replace });
        await StoreAsync("1", "first", "a");
        await StoreAsync("2", "second", "a");
        Assert.Equal("second", await File.ReadAllTextAsync(Path.Combine(_directory, "a")));
        Directory.CreateDirectory(Path.Combine(_directory, "d"));
        Assert.Equal("bad-name", Assert.IsType<Opening.Refused>(await OpenAsync("3", 5, "d")).Code);
    }

    [Fact]
    public async Task A_name_is_refused_when_told_so()
    {
        await RestartAsync(settings => settings with { NameConflict = NameConflict.Refuse });
        await StoreAsync("1", "first", "a");
        Assert.Equal("bad-name", Assert.IsType<Opening.Refused>(await OpenAsync("2", 5, "a")).Code);

        // Taken while the delivery arrives.
        var arrival = await BeginAsync("3", 5, "b");
        await arrival.WriteAsync("hello"u8.ToArray());
        await File.WriteAllTextAsync(Path.Combine(_directory, "b"), "quicker");
        await Assert.ThrowsAsync<NameTakenException>(() => arrival.StoreAsync(5, SomeDigest));
        Assert.Equal("quicker", await File.ReadAllTextAsync(Path.Combine(_directory, "b")));
        Assert.Empty(Directory.GetFiles(Partials));
        Assert.Null(await _inbox.Ledger.FindAsync(Key("3")));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/b")]
    [InlineData("/etc/passwd")]
    [InlineData("a\nb")]
    [InlineData("")]
    [InlineData(".ActorSockets")]
    [InlineData("20261124T101112.123Z-127.0.0.1_5-0123456789abcdef0123456789abcdef.partial")]
    public async Task A_name_that_could_leave_the_directory_or_is_the_servers_own_is_refused(string name)
    {
        Assert.Equal("bad-name", Assert.IsType<Opening.Refused>(await OpenAsync("1", 5, name)).Code);
        Assert.Empty(Names());
    }

    [Fact]
    public async Task A_delivery_goes_on_where_its_bytes_end_also_after_a_restart()
    {
        var bytes = Bytes(100_000);
        var first = await BeginAsync("1", bytes.Length, "big", asks: true);
        Assert.Equal(0, first.Offset);
        await first.WriteAsync(bytes.AsMemory(0, 40_000));
        Assert.Equal(40_000, await first.KeepAsync());
        Assert.Empty(Names());

        await RestartAsync();
        var second = await BeginAsync("1", bytes.Length, "big", asks: true);
        Assert.Equal(40_000, second.Offset);
        var prefix = new byte[40_000];
        Assert.Equal(prefix.Length, await second.ReadAsync(prefix, 0));
        Assert.Equal(bytes[..40_000], prefix);
        await second.WriteAsync(bytes.AsMemory(40_000, 1));
        Assert.Equal(40_001, await second.KeepAsync());

        var third = await BeginAsync("1", bytes.Length, "big", asks: true);
        Assert.Equal(40_001, third.Offset);
        await third.WriteAsync(bytes.AsMemory(40_001));
        await third.StoreAsync(bytes.Length, SomeDigest);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(_directory, "big")));
        Assert.Empty(Directory.GetFiles(Partials));
    }

    [Fact]
    public async Task A_delivery_that_does_not_ask_begins_at_0()
    {
        await KeepAsync("1", 100_000, 40_000);
        var again = await BeginAsync("1", 100_000, "big");
        Assert.Equal(0, again.Offset);
        await again.WriteAsync(Bytes(100_000));
        await again.StoreAsync(100_000, SomeDigest);
        Assert.Equal(Bytes(100_000), await File.ReadAllBytesAsync(Path.Combine(_directory, "big")));
        Assert.Empty(Directory.GetFiles(Partials));
    }

    [Theory]
    [InlineData(100_001, null, 0)]
    [InlineData(100_000, OtherDigest, 0)]
    [InlineData(100_000, SomeDigest, 40_000)]
    [InlineData(100_000, null, 40_000)]
    [InlineData(null, null, 40_000)]
    public async Task A_payload_that_changed_in_between_begins_at_0(int? length, string? digest, long offset)
    {
        await KeepAsync("1", 100_000, 40_000, SomeDigest);
        var again = await BeginAsync("1", length, "big", digest, asks: true);
        Assert.Equal(offset, again.Offset);
        await again.DropAsync();
        Assert.Empty(Directory.GetFiles(Partials));
    }

    [Fact]
    public async Task What_was_not_flushed_is_cut_off_after_a_crash()
    {
        await KeepAsync("1", 100_000, 40_000);
        // Bytes behind the offset that the ledger has: a crash between a write and its flush.
        var file = Assert.Single(Directory.GetFiles(Partials));
        await _inbox.DisposeAsync();
        await File.AppendAllTextAsync(file, "who knows");
        await File.WriteAllTextAsync(Path.Combine(Partials, "unknown"), "a delivery that was never flushed");
        _inbox = await OpenInboxAsync();
        Assert.Equal(file, Assert.Single(Directory.GetFiles(Partials)));
        Assert.Equal(40_000, new FileInfo(file).Length);
        Assert.Equal(40_000, (await BeginAsync("1", 100_000, "big", asks: true)).Offset);
    }

    [Fact]
    public async Task A_partial_that_is_shorter_than_the_ledger_says_is_forgotten()
    {
        await KeepAsync("1", 100_000, 40_000);
        var file = Assert.Single(Directory.GetFiles(Partials));
        await _inbox.DisposeAsync();
        await File.WriteAllTextAsync(file, "short");
        _inbox = await OpenInboxAsync();
        Assert.Empty(Directory.GetFiles(Partials));
        Assert.Equal(0, (await BeginAsync("1", 100_000, "big", asks: true)).Offset);
    }

    [Fact]
    public async Task A_rename_that_a_crash_kept_back_is_finished_by_the_next_start()
    {
        await StopWithAsync(Storing("1", "a.txt"), "all of it");
        _inbox = await OpenInboxAsync();
        Assert.Equal("all of it", await File.ReadAllTextAsync(Path.Combine(_directory, "a.txt")));
        Assert.Empty(Directory.GetFiles(Partials));
        Assert.IsType<Opening.Known>(await OpenAsync("1", 9, "a.txt"));
    }

    [Fact]
    public async Task A_rename_that_a_crash_kept_back_overwrites_nothing()
    {
        await StopWithAsync(Storing("1", "a.txt"), "all of it");
        await File.WriteAllTextAsync(Path.Combine(_directory, "a.txt"), "in between");
        _inbox = await OpenInboxAsync();
        Assert.Equal("in between", await File.ReadAllTextAsync(Path.Combine(_directory, "a.txt")));
        Assert.Equal("all of it", await File.ReadAllTextAsync(Path.Combine(_directory, "a-2.txt")));
        Assert.Equal(Path.Combine(_directory, "a-2.txt"), Assert.IsType<Opening.Known>(await OpenAsync("1", 9, "a.txt")).StoredAs);
    }

    [Fact]
    public async Task A_rename_that_was_done_before_a_crash_is_remembered()
    {
        await StopWithAsync(Storing("1", "a.txt"), null);
        await File.WriteAllTextAsync(Path.Combine(_directory, "a.txt"), "all of it");
        _inbox = await OpenInboxAsync();
        Assert.IsType<Opening.Known>(await OpenAsync("1", 9, "a.txt"));
        Assert.Equal(["a.txt"], Names());
    }

    [Fact]
    public async Task A_newer_connection_evicts_the_older_one_and_waits_until_it_has_stopped()
    {
        var evicted = new TaskCompletionSource();
        var older = Assert.IsType<Opening.Begun>(await _inbox.OpenAsync(Request("1", 100_000, "big"), new object(), () => evicted.TrySetResult())).Arrival;
        await older.WriteAsync(Bytes(50_000));
        var newer = _inbox.OpenAsync(Request("1", 100_000, "big", asks: true), new object(), () => { });
        await evicted.Task;
        Assert.False(newer.IsCompleted);
        await older.WriteAsync(Bytes(10_000));
        await older.KeepAsync();
        Assert.Equal(60_000, Assert.IsType<Opening.Begun>(await newer).Arrival.Offset);
    }

    [Fact]
    public async Task A_delivery_that_is_being_stored_is_known_to_the_connection_that_waits_for_it()
    {
        var arrival = await BeginAsync("1", 5, "a");
        await arrival.WriteAsync("hello"u8.ToArray());
        var again = OpenAsync("1", 5, "a");
        await arrival.StoreAsync(5, SomeDigest);
        Assert.IsType<Opening.Known>(await again);
        Assert.Equal(["a"], Names());
    }

    [Fact]
    public async Task A_cancelled_delivery_leaves_nothing()
    {
        await KeepAsync("1", 100_000, 40_000);
        await _inbox.CancelAsync(Key("1"), _connection);
        Assert.Empty(Directory.GetFiles(Partials));
        Assert.Null(await _inbox.Ledger.FindAsync(Key("1")));

        await StoreAsync("2", "hello", "a");
        await _inbox.CancelAsync(Key("2"), _connection);
        Assert.Equal(["a"], Names());
        Assert.IsType<Opening.Known>(await OpenAsync("2", 5, "a"));
    }

    [Fact]
    public async Task Partials_are_forgotten_when_they_are_old_and_the_oldest_when_they_are_too_many()
    {
        await RestartAsync(settings => settings with { MaxPartialBytes = 85_000 });
        await KeepAsync("oldest", 100_000, 40_000);
        var oldest = Assert.Single(Directory.GetFiles(Partials));
        await KeepAsync("older", 100_000, 40_000);
        await KeepAsync("young", 100_000, 40_000);
        // One that a connection has is not touched.
        var arriving = await BeginAsync("young", 100_000, "big", asks: true);
        Assert.Empty(await _inbox.CleanAsync(DateTime.UtcNow));
        await arriving.KeepAsync();

        Assert.Equal(oldest, Assert.Single(await _inbox.CleanAsync(DateTime.UtcNow)));
        Assert.Equal(2, (await _inbox.CleanAsync(DateTime.UtcNow + TimeSpan.FromHours(25))).Count);
        Assert.Empty(Directory.GetFiles(Partials));
    }

    [Fact]
    public async Task A_stored_delivery_is_forgotten_after_its_time()
    {
        await StoreAsync("1", "hello", "a");
        await _inbox.CleanAsync(DateTime.UtcNow + TimeSpan.FromDays(6));
        Assert.IsType<Opening.Known>(await OpenAsync("1", 5, "a"));
        await _inbox.CleanAsync(DateTime.UtcNow + TimeSpan.FromDays(8));
        await (await BeginAsync("1", 5, "a")).DropAsync();
    }

    [Fact]
    public async Task Nothing_is_kept_when_told_so()
    {
        await RestartAsync(settings => settings with { KeepPartial = TimeSpan.Zero });
        await KeepAsync("1", 100_000, 40_000);
        Assert.Empty(Directory.GetFiles(Partials));
        Assert.Equal(0, (await BeginAsync("1", 100_000, "big", asks: true)).Offset);
    }

    [Fact]
    public async Task A_partial_is_flushed_and_noted_while_it_grows()
    {
        await RestartAsync(settings => settings with { FlushBytes = 50_000 });
        var arrival = await BeginAsync("1", 1_000_000, "big");
        for (var i = 0; i < 5; i++)
            await arrival.WriteAsync(Bytes(50_000));
        // With two flushes' worth of bytes unflushed, a write waits: the first one is noted.
        var noted = await _inbox.Ledger.FindAsync(Key("1"));
        Assert.True(noted is { State: LedgerState.Partial, Offset: >= 50_000 and <= 250_000 }, $"{noted}");
        await arrival.DropAsync();
        Assert.Null(await _inbox.Ledger.FindAsync(Key("1")));
    }

    [Fact]
    public async Task A_second_process_is_told_so()
    {
        var failure = await Assert.ThrowsAsync<LedgerException>(() => OpenInboxAsync());
        Assert.Contains("is in use by process", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliveries_broken_off_dropped_and_cut_by_crashes_are_stored_once_each()
    {
        // Abandoned arrivals and restarts from a copy of the files, as a SIGKILL leaves them, at every step of many deliveries.
        var random = new Random(20261125);
        var stored = new Dictionary<string, int>();
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < 10; i++)
            {
                var id = $"{random.Next(60)}";
                var length = 1 + (int.Parse(id, System.Globalization.CultureInfo.InvariantCulture) * 977);
                if (await OpenAsync(id, length, id, asks: random.Next(2) == 0) is not Opening.Begun { Arrival: var arrival })
                    continue;
                var bytes = Bytes(length);
                var until = random.Next(3) == 0 ? random.Next((int)arrival.Offset, length) : length;
                await arrival.WriteAsync(bytes.AsMemory((int)arrival.Offset..until));
                if (until < length && random.Next(2) == 0)
                {
                    await arrival.KeepAsync();
                }
                else if (until < length)
                {
                    await arrival.DropAsync();
                }
                else
                {
                    await arrival.StoreAsync(length, SomeDigest);
                    stored.Add(id, length);
                }
            }

            await CrashAsync();
        }

        Assert.Equal(stored.Keys.Order(StringComparer.Ordinal), Names());
        foreach (var (id, length) in stored)
            Assert.Equal(Bytes(length), await File.ReadAllBytesAsync(Path.Combine(_directory, id)));
    }

    private Task<Inbox> OpenInboxAsync(Func<InboxSettings, InboxSettings>? change = null)
    {
        var settings = new InboxSettings
        {
            Directory = _directory,
            DiskThreads = 4,
            FileMode = null,
            NameConflict = NameConflict.KeepBoth,
            FlushBytes = 64 * 1024 * 1024,
            FlushInterval = TimeSpan.FromHours(1),
            KeepPartial = TimeSpan.FromHours(24),
            MaxPartialBytes = 0,
            Remembers = TimeSpan.FromDays(7),
        };
        return Inbox.OpenAsync(change?.Invoke(settings) ?? settings, SqliteStore.Open);
    }

    private async Task RestartAsync(Func<InboxSettings, InboxSettings>? change = null)
    {
        await _inbox.DisposeAsync();
        _inbox = await OpenInboxAsync(change);
    }

    /// <summary>What a SIGKILL leaves: the ledger's files as they are in this moment, without the marks that wait to be written.</summary>
    private async Task CrashAsync()
    {
        var ledger = Path.Combine(_directory, ".actorsockets");
        var files = Directory.GetFiles(ledger, "store.db*").ToDictionary(path => path, File.ReadAllBytes);
        await _inbox.DisposeAsync();
        foreach (var file in Directory.GetFiles(ledger, "store.db*"))
            File.Delete(file);
        foreach (var (path, bytes) in files)
            await File.WriteAllBytesAsync(path, bytes);
        _inbox = await OpenInboxAsync();
    }

    /// <summary>Ends with this in the ledger, and these bytes in its partial file.</summary>
    private async Task StopWithAsync(LedgerEntry entry, string? partial)
    {
        await _inbox.Ledger.WriteAsync(entry);
        if (partial is not null)
            await File.WriteAllTextAsync(Path.Combine(Partials, entry.PartialFile!), partial);
        await _inbox.DisposeAsync();
    }

    private static LedgerEntry Storing(string id, string name) => new()
    {
        Key = Key(id),
        State = LedgerState.Storing,
        Length = 9,
        Digest = SomeDigest,
        PartialFile = "0123",
        Offset = 9,
        StoredAs = name,
        At = DateTime.UtcNow,
    };

    private async Task StoreAsync(string id, string text, string? name)
    {
        var arrival = await BeginAsync(id, text.Length, name);
        await arrival.WriteAsync(Encoding.ASCII.GetBytes(text));
        await arrival.StoreAsync(text.Length, SomeDigest);
    }

    private async Task KeepAsync(string id, int length, int kept, string? digest = null)
    {
        var arrival = await BeginAsync(id, length, "big", digest);
        await arrival.WriteAsync(Bytes(kept));
        await arrival.KeepAsync();
    }

    private async Task<IArrival> BeginAsync(string id, long? length, string? name, string? digest = null, bool asks = false) =>
        Assert.IsType<Opening.Begun>(await OpenAsync(id, length, name, digest, asks)).Arrival;

    private Task<Opening> OpenAsync(string id, long? length, string? name, string? digest = null, bool asks = false) =>
        _inbox.OpenAsync(Request(id, length, name, digest, asks), _connection, () => { });

    private static ArrivalRequest Request(string id, long? length, string? name, string? digest = null, bool asks = false) =>
        new(Key(id), length, digest, name, asks);

    private static DeliveryKey Key(string id) => new("", id);

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private string[] Names() => [.. Directory.GetFileSystemEntries(_directory).Select(path => Path.GetFileName(path)!).Where(name => name != ".actorsockets").Order(StringComparer.Ordinal)];
}
