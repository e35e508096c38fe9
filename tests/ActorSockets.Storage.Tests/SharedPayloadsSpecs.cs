using ActorSockets.Outbox;
using ActorSockets.Storage.Postgres;
using ActorSockets.Storage.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Storage.Tests;

/// <summary>Large payloads in a directory that several nodes share: whose it is, and what is deleted there.</summary>
public sealed class SharedPayloadsSpecs : IAsyncLifetime
{
    private static readonly OutboxLimits Roomy = new(1L << 40, 1_000_000, 1L << 40, 1_000_000);

    private readonly string _schema = $"s{Guid.NewGuid():N}";
    private readonly string _directory = Directory.CreateTempSubdirectory("payloads-specs-").FullName;
    private readonly string _other = Directory.CreateTempSubdirectory("payloads-specs-").FullName;
    private readonly byte[] _bytes = new byte[200_000];
    private PrivatePostgres _server = null!;

    private LargeFiles Files => new(_directory);

    public async Task InitializeAsync()
    {
        Random.Shared.NextBytes(_bytes);
        _server = await PrivatePostgres.SharedAsync();
    }

    public async Task DisposeAsync()
    {
        await _server.ExecuteInAsync("relay", "set client_min_messages = error", $"drop schema if exists {_schema} cascade");
        Directory.Delete(_directory, recursive: true);
        Directory.Delete(_other, recursive: true);
    }

    [StoreFact]
    public async Task What_one_node_has_stored_another_one_delivers_and_deletes()
    {
        await using var one = Open(_directory);
        await SubmitAsync(one.OpenOutbox(Roomy));
        Assert.Single(Files.Paths());
        var two = Open(_directory);
        var outbox = two.OpenOutbox(Roomy);
        var delivery = (await outbox.NextAsync("berlin", 0, 10, long.MaxValue, await outbox.BeginSendingAsync("berlin"))).Single();
        var read = new MemoryStream();
        await using (var stream = await delivery.Payload.OpenAsync())
            await stream.CopyToAsync(read);
        Assert.Equal(_bytes, read.ToArray());
        await outbox.RecordAsync(new OutboxRecord.Done(delivery));
        await two.DisposeAsync();
        Assert.Empty(Files.Paths());
    }

    [StoreFact]
    public async Task The_first_node_deletes_what_no_row_names_unless_a_stopped_node_may_still_write_it()
    {
        await using (var before = Open(_directory))
            await SubmitAsync(before.OpenOutbox(Roomy));
        var named = Files.Paths().Single();
        var young = Path.Combine(_directory, "payloads", "young");
        var old = Path.Combine(_directory, "payloads", "old");
        await File.WriteAllTextAsync(young, "");
        await File.WriteAllTextAsync(old, "");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        File.SetLastWriteTimeUtc(named, DateTime.UtcNow.AddHours(-2));
        await using var first = Open(_directory);
        first.OpenOutbox(Roomy);
        Assert.Equal(new[] { named, young }.Order(), Files.Paths().Order());
    }

    [StoreFact]
    public async Task A_directory_that_is_not_the_outbox_s_is_refused_and_nothing_is_thrown_away()
    {
        await using (var store = Open(_directory))
            await SubmitAsync(store.OpenOutbox(Roomy));
        Assert.Contains($"large payloads in another directory than {_other}; is that mounted?", Refusal(_other), StringComparison.Ordinal);
        Assert.Contains("large payloads in a directory, and payloads is empty", Refusal(""), StringComparison.Ordinal);
        Assert.Contains($"{_other}/gone is not there: create it, or mount it", Refusal(Path.Combine(_other, "gone")), StringComparison.Ordinal);
        await using var again = Open(_directory);
        Assert.Empty(again.OpenOutbox(Roomy).Damages);
        Assert.Single(Files.Paths());
    }

    [StoreFact]
    public async Task Rows_that_wait_keep_a_directory_out()
    {
        await using (var store = Open(""))
            await SubmitAsync(store.OpenOutbox(Roomy));
        Assert.Contains($"large payloads in rows, and not in {_directory}", Refusal(_directory), StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task A_node_whose_directory_differs_is_refused_while_others_run()
    {
        await using var first = Open(_directory);
        first.OpenOutbox(Roomy);
        Assert.Contains("when none waits and no other node runs", Refusal(_other), StringComparison.Ordinal);
        Assert.Contains("when none waits and no other node runs", Refusal(""), StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task While_nothing_large_waits_the_directory_can_be_changed_but_for_one_of_another_outbox()
    {
        foreach (var directory in (string[])["", _directory, _other])
            await Open(directory).DisposeAsync();
        Assert.Contains($"{_directory}/outbox-id is another outbox's", Refusal(_directory), StringComparison.Ordinal);
        File.Delete(Path.Combine(_directory, SharedPayloads.FileName));
        await Open(_directory).DisposeAsync();
        await Open("").DisposeAsync();
    }

    private PostgresStore Open(string directory) => PostgresStore.Open(new StorePlace.InPostgres(_server.Connection, _server.PasswordFile, _schema) { IsShared = true, Payloads = directory });

    private string Refusal(string directory) => Assert.Throws<LedgerException>(() => Open(directory)).Message;

    private async Task SubmitAsync(IOutbox outbox)
    {
        await using var payload = outbox.Begin();
        await payload.WriteAsync(_bytes);
        await payload.CompleteAsync();
        await outbox.SubmitAsync(new Submission(payload, [new NewDelivery("berlin", "1")]));
    }
}
