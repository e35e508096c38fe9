using ActorSockets.Clients;
using ActorSockets.Outbox;
using ActorSockets.Storage.Tests.Support;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage.Tests;

/// <summary>The outbox in SQLite: as every other, and with a directory of files.</summary>
public sealed class SqliteOutboxSpecs() : OutboxSpecs("sqlite")
{
    private SqliteTestStore Disk => (SqliteTestStore)Place;

    private SqliteStore Sqlite => (SqliteStore)Store;

    [Fact]
    public async Task What_was_committed_survives_a_kill_and_what_was_not_is_swept()
    {
        var bytes = Bytes(Large);
        await SubmitAsync("1", bytes, "berlin");
        await using var unsubmitted = Outbox.Begin();
        await unsubmitted.WriteAsync(bytes);
        await unsubmitted.CompleteAsync();
        Assert.Equal(2, Disk.Files().Length);

        // A copy of the files at this moment is what a SIGKILL leaves behind.
        var copy = Path.Combine(Path.GetDirectoryName(Disk.OutboxDirectory)!, "copy");
        Directory.CreateDirectory(Path.Combine(copy, "payloads"));
        foreach (var file in Directory.GetFiles(Disk.OutboxDirectory, "store.db*").Concat(Disk.Files()))
            File.Copy(file, Path.Combine(copy, Path.GetRelativePath(Disk.OutboxDirectory, file)));
        await using var store = SqliteStore.Open(copy);
        var outbox = store.OpenOutbox(Roomy);
        Assert.Equal(bytes, await ReadAsync((await outbox.NextAsync("berlin", 0, 10, 0)).Single()));
        Assert.Single(Directory.GetFiles(Path.Combine(copy, "payloads")));
        Assert.Equal((Large, 1), (outbox.Room.Bytes, outbox.Room.Deliveries));
        Assert.Empty(outbox.Damages);
    }

    [Fact]
    public async Task A_payload_whose_directory_is_away_is_tried_again_and_one_whose_file_is_gone_is_not()
    {
        await SubmitAsync("1", Bytes(Large), "berlin");
        var payload = (await NextAsync("berlin")).Single().Payload;
        var directory = Path.GetDirectoryName(Disk.Files().Single())!;
        Directory.Move(directory, directory + "-away");
        Assert.Contains(directory, Assert.IsType<Attempt.Lost>(await Preparation.OpenAsync(payload.OpenAsync())).Reason, StringComparison.Ordinal);
        Directory.Move(directory + "-away", directory);
        await using (var stream = Assert.IsAssignableFrom<Stream>(await Preparation.OpenAsync(payload.OpenAsync())))
            Assert.Equal(Large, stream.Length);
        File.Delete(Disk.Files().Single());
        Assert.IsType<Attempt.Hopeless>(await Preparation.OpenAsync(payload.OpenAsync()));
    }

    [Fact]
    public async Task A_disk_without_room_is_a_full_outbox_and_nothing_is_half_stored()
    {
        await SubmitAsync("1", Bytes(10), "berlin");
        await Sqlite.Writer.RunAsync(session => session.Number($"pragma max_page_count = {session.Number("pragma page_count")}"));
        await Assert.ThrowsAsync<OutboxFullException>(() => SubmitAsync("2", Bytes(60_000), "berlin"));
        Assert.NotNull(Outbox.Room.Full);
        Assert.Equal((10, 1), (Outbox.Room.Bytes, Outbox.Room.Deliveries));
        await Sqlite.Writer.RunAsync(session => session.Number("pragma max_page_count = 1000000"));
        await SubmitAsync("2", Bytes(60_000), "berlin");
        Assert.Null(Outbox.Room.Full);
    }

    [Fact]
    public async Task A_database_that_another_program_has_locked_is_an_error_and_then_goes_on()
    {
        using var other = new SqliteConnection($"Data Source={Path.Combine(Disk.OutboxDirectory, SqliteStore.FileName)};Pooling=False;Default Timeout=1");
        other.Open();
        using var command = other.CreateCommand();
        command.CommandText = "begin immediate";
        command.ExecuteNonQuery();
        var submitting = SubmitAsync("1", Bytes(10), "berlin");
        var failure = await Assert.ThrowsAsync<LedgerException>(() => submitting);
        Assert.Contains("database is locked", failure.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (Outbox.Room.Bytes, Outbox.Room.Deliveries));
        command.CommandText = "rollback";
        command.ExecuteNonQuery();
        await SubmitAsync("1", Bytes(10), "berlin");
    }
}
