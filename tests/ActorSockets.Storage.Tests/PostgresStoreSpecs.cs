using System.Collections.Concurrent;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Storage.Postgres;
using ActorSockets.Storage.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Storage.Tests;

/// <summary>A store in PostgreSQL: opened, locked, migrated, refused, gone and back.</summary>
public sealed class PostgresStoreSpecs : IAsyncLifetime
{
    private static readonly OutboxLimits Roomy = new(1L << 40, 1_000_000, 1L << 40, 1_000_000);

    private readonly string _schema = $"s{Guid.NewGuid():N}";
    private PrivatePostgres _server = null!;

    private StorePlace.InPostgres Place => new(_server.Connection, _server.PasswordFile, _schema);

    public async Task InitializeAsync() => _server = await PrivatePostgres.SharedAsync();

    public Task DisposeAsync() => _server.ExecuteInAsync("relay", "set client_min_messages = error", $"drop schema if exists {_schema} cascade");

    [StoreFact]
    public async Task A_second_process_is_told_who_has_the_schema()
    {
        var open = PostgresStore.Open(Place);
        var failure = Assert.Throws<LedgerException>(() => PostgresStore.Open(Place));
        Assert.Contains($"has the schema {_schema} in use by actorsockets process {Environment.ProcessId} on {Environment.MachineName}", failure.Message, StringComparison.Ordinal);
        await open.DisposeAsync();
        await PostgresStore.Open(Place).DisposeAsync();
    }

    [StoreFact]
    public async Task Changes_that_wait_together_are_one_transaction_and_one_that_fails_takes_none_of_the_others_with_it()
    {
        await using var store = PostgresStore.Open(Place);
        using var hold = new ManualResetEventSlim();
        var first = store.Writer.RunAsync(_ =>
        {
            hold.Wait();
            return 0;
        });
        var good = Enumerable.Range(0, 300).Select(i => store.Ledger.WriteAsync(Received($"id-{i}"))).ToArray();
        hold.Set();
        await first;
        await Task.WhenAll(good);
        Assert.Equal(2, store.Writer.Commits);

        hold.Reset();
        first = store.Writer.RunAsync(_ =>
        {
            hold.Wait();
            return 0;
        });
        good = [.. Enumerable.Range(300, 50).Select(i => store.Ledger.WriteAsync(Received($"id-{i}")))];
        var bad = store.Writer.RunAsync(session => session.Execute("insert into incoming (sender, id, state, \"offset\", at) values ('', 'bad', 'no such state', 0, now())"));
        var alsoGood = store.Ledger.WriteAsync(Received("also-good"));
        hold.Set();
        await Task.WhenAll([first, alsoGood, .. good]);
        await Assert.ThrowsAsync<LedgerException>(() => bad);
        Assert.Equal(351, await store.ReadAsync(session => session.Number("select count(*) from incoming")));
    }

    [StoreFact]
    public async Task The_server_knows_what_became_of_a_transaction()
    {
        await PostgresStore.Open(Place).DisposeAsync();
        using var database = new PostgresDatabase(new PostgresConnector(Place), PostgresUse.Beside);
        database.Begin();
        Assert.Contains("still has the connection that was lost", Assert.Throws<LedgerException>(() => database.WasCommitted()).Message, StringComparison.Ordinal);
        database.Commit();
        Assert.True(database.WasCommitted());
        database.Begin();
        database.RollBack(new IOException());
        Assert.False(database.WasCommitted());
    }

    [StoreFact]
    public async Task A_transaction_that_a_crash_took_back_is_not_taken_for_a_later_one_of_the_same_id()
    {
        await using var server = await PrivatePostgres.StartAsync();
        // Nothing of a transaction is on the disk before its commit.
        await server.ExecuteAsync("alter system set wal_writer_delay = '10s'", "alter system set autovacuum = off", "select pg_reload_conf()");
        var place = Place with { Connection = server.Connection, PasswordFile = server.PasswordFile };
        await PostgresStore.Open(place).DisposeAsync();
        using var database = new PostgresDatabase(new PostgresConnector(place), PostgresUse.Beside);
        database.Begin();
        database.Commit();
        database.Begin();
        await server.StopAsync();
        await server.StartAgainAsync();
        await server.ExecuteAsync([.. Enumerable.Repeat("select pg_current_xact_id()", 10)]);
        Assert.ThrowsAny<Exception>(database.Commit);
        Assert.False(database.WasCommitted());
    }

    [StoreFact]
    public async Task A_text_that_the_database_cannot_have_is_kept_in_part()
    {
        await using var store = PostgresStore.Open(Place);
        await store.Ledger.WriteAsync(Received("a") with { StoredAs = "a\0b" });
        Assert.Equal("a\uFFFDb", (await store.Ledger.FindAsync(new DeliveryKey("", "a")))!.StoredAs);
    }

    [StoreFact]
    public async Task A_schema_of_a_newer_version_or_of_another_program_is_left_alone()
    {
        await using (var store = PostgresStore.Open(Place))
            await store.Writer.RunAsync(session => session.Execute("update store set version = 99"));
        var failure = Assert.Throws<LedgerException>(() => PostgresStore.Open(Place));
        Assert.Contains($"newer version of ActorSockets in the schema {_schema} (schema 99; this one knows {PostgresSchema.Version}): use that version", failure.Message, StringComparison.Ordinal);
        Assert.Contains("newer version", (await Assert.ThrowsAsync<LedgerException>(() => PostgresQueue.OpenAsync(Place))).Message, StringComparison.Ordinal);

        await _server.ExecuteInAsync("relay", "set client_min_messages = error", $"drop schema {_schema} cascade", $"create schema {_schema} authorization {PrivatePostgres.User}", $"create table {_schema}.theirs (x int)");
        Assert.Contains($"has tables of another program in the schema {_schema}", Assert.Throws<LedgerException>(() => PostgresStore.Open(Place)).Message, StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task A_schema_without_tables_is_filled_and_one_of_an_older_version_is_no_queue()
    {
        // By the owner of a database in which the role may create none.
        await _server.ExecuteInAsync("relay", $"create schema {_schema} authorization {PrivatePostgres.User}");
        await using (var store = PostgresStore.Open(Place))
            Assert.Equal(PostgresSchema.Version, await store.ReadAsync(session => session.Number("select version from store")));
        await _server.ExecuteInAsync("relay", $"update {_schema}.store set version = {PostgresSchema.Version - 1}");
        Assert.Contains("older version of ActorSockets", (await Assert.ThrowsAsync<LedgerException>(() => PostgresQueue.OpenAsync(Place))).Message, StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task A_server_that_loses_commits_or_takes_none_is_refused()
    {
        await _server.ExecuteAsync("create role careless login password 's3cret-1'", "alter role careless set synchronous_commit = off",
            "create role reader login password 's3cret-2'", "alter role reader set default_transaction_read_only = on");
        Assert.Contains("has synchronous_commit = off", Refusal($"{_server.Connection};Username=careless", "s3cret-1"), StringComparison.Ordinal);
        Assert.Contains("is a standby, or read-only", Refusal($"{_server.Connection};Username=reader", "s3cret-2"), StringComparison.Ordinal);
    }

    [StoreFact]
    public void What_is_wrong_is_one_sentence_and_no_password()
    {
        Assert.Contains("does not let the role in", Refusal(_server.Connection, "wr0ng"), StringComparison.Ordinal);
        Assert.Contains(", database nowhere does not exist: create it with createdb", Refusal($"{_server.Connection};Database=nowhere", PrivatePostgres.Password), StringComparison.Ordinal);
        Assert.Contains("cannot be reached: there is no /nowhere/.s.PGSQL.5432", Refusal("Host=/nowhere;Username=relay", PrivatePostgres.Password), StringComparison.Ordinal);
        var unreadable = Assert.Throws<LedgerException>(() => PostgresStore.Open(Place with { PasswordFile = "/no/such" }));
        Assert.Contains("/no/such (outbox.password-file) cannot be read", unreadable.Message, StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task A_server_that_crashes_again_and_again_has_what_was_acknowledged_and_nothing_that_was_not()
    {
        await using var server = await PrivatePostgres.StartAsync();
        await using var store = PostgresStore.Open(new StorePlace.InPostgres(server.Connection, server.PasswordFile, _schema));
        var outbox = store.OpenOutbox(Roomy);
        var acknowledged = new ConcurrentDictionary<string, int>();
        var crashes = 0;
        var isOver = false;
        var submitting = Enumerable.Range(0, 8).Select(async submitter =>
        {
            var failures = 0;
            for (var i = 0; !Volatile.Read(ref isOver); i++)
            {
                try
                {
                    await SubmitAsync(outbox, $"{submitter}-{i}", i % 50 == 0 ? 300_000 : 100);
                    acknowledged[$"{submitter}-{i}"] = crashes;
                }
                catch (LedgerException)
                {
                    failures++;
                    await Task.Delay(5);
                }
            }

            return failures;
        }).ToArray();
        for (var i = 0; i < 5; i++)
        {
            var had = acknowledged.Count;
            while (acknowledged.Count < had + 500)
                await Task.Delay(5);
            await server.StopAsync();
            crashes++;
            await server.StartAgainAsync();
        }

        Volatile.Write(ref isOver, true);
        await Task.WhenAll(submitting);
        var there = await store.ReadAsync(session => session.Query("select id from delivery", row => row.GetString(0)));
        Assert.Equal(acknowledged.Keys.Order(StringComparer.Ordinal), there.Order(StringComparer.Ordinal));
        Assert.Equal(acknowledged.Count, outbox.Room.Deliveries);
        Assert.Equal(await store.ReadAsync(session => session.Number("select cast(sum(length) as bigint) from payload")), outbox.Room.Bytes);

        // One stop more while lines are worked off: what is done is gone, and counted once.
        var line = await outbox.NextAsync("berlin", 0, int.MaxValue, long.MaxValue);
        await server.StopAsync();
        await Assert.ThrowsAsync<LedgerException>(() => outbox.RecordAsync(new OutboxRecord.Done(line[0])));
        await server.StartAgainAsync();
        await Task.WhenAll(line.Chunk(100).Select(some => outbox.RecordAsync([.. some.Select(delivery => new OutboxRecord.Done(delivery))])));
        Assert.Equal((0, 0), (outbox.Room.Deliveries, outbox.Room.Bytes));
    }

    [StoreFact]
    public async Task A_large_payload_is_read_on_when_the_server_is_back()
    {
        await using var server = await PrivatePostgres.StartAsync();
        await using var store = PostgresStore.Open(new StorePlace.InPostgres(server.Connection, server.PasswordFile, _schema));
        var outbox = store.OpenOutbox(Roomy);
        await SubmitAsync(outbox, "1", 5_000_000);
        await using var stream = await (await outbox.NextAsync("berlin", 0, 1, 0)).Single().Payload.OpenAsync();
        var bytes = new byte[5_000_000];
        await stream.ReadExactlyAsync(bytes.AsMemory(0, 1_500_000));
        await server.StopAsync();
        var rest = stream.ReadExactlyAsync(bytes.AsMemory(1_500_000)).AsTask();
        await server.StartAgainAsync();
        await rest;
        Assert.Equal(Bytes(5_000_000), bytes);
        Assert.Null(await ((IChecked)stream).ChangedSinceOpenedAsync());
    }

    [StoreFact]
    public async Task Bytes_that_no_row_names_are_deleted_when_the_server_is_back_and_do_not_come_again()
    {
        await using var server = await PrivatePostgres.StartAsync();
        await using var store = PostgresStore.Open(new StorePlace.InPostgres(server.Connection, server.PasswordFile, _schema));
        var outbox = store.OpenOutbox(Roomy);
        var dropped = await BeginLargeAsync(store, outbox);
        await server.StopAsync();
        await dropped.DisposeAsync();
        await server.StartAgainAsync();
        while (await CountPartsAsync(store) > 0)
            await Task.Delay(10);

        // Gone for good as soon as they are: the server may lose what it has not flushed.
        await (await BeginLargeAsync(store, outbox)).DisposeAsync();
        while (await CountPartsAsync(store) > 0)
            await Task.Delay(1);
        await server.StopAsync();
        await server.StartAgainAsync();
        Assert.Equal(0, await CountPartsAsync(store));
    }

    [Theory]
    [InlineData("Host=db;Database=relay", null)]
    [InlineData("Database=relay", "names no server: needs Host=…")]
    [InlineData("Host=db;Hots=x", "has a keyword, or a value of one, that Npgsql does not know: hots")]
    [InlineData("Host=db;Port=hunter2", "has a keyword, or a value of one, that Npgsql does not know: port")]
    [InlineData("Host=db;PWD=hunter2", "has a password: put it into a file that password-file names")]
    [InlineData("hunter2", "is not a list such as Host=db.example;Database=relay;Username=relay")]
    public void A_connection_string_is_checked_and_its_values_are_not_repeated(string connection, string? wrong) =>
        Assert.Equal(wrong, PostgresConnector.WhyWrong(connection));

    private static async Task SubmitAsync(IOutbox outbox, string id, int length)
    {
        await using var payload = outbox.Begin();
        await payload.WriteAsync(Bytes(length));
        await payload.CompleteAsync();
        await outbox.SubmitAsync(new Submission(payload, [new NewDelivery("berlin", id)]));
    }

    private static async Task<IPayloadWriter> BeginLargeAsync(PostgresStore store, IOutbox outbox)
    {
        var payload = outbox.Begin();
        await payload.WriteAsync(Bytes(PayloadParts.PartBytes));
        await payload.WriteAsync(Bytes(1));
        Assert.Equal(1, await CountPartsAsync(store));
        return payload;
    }

    private static Task<long> CountPartsAsync(PostgresStore store) => store.ReadAsync(session => session.Number("select count(*) from part"));

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private string Refusal(string connection, string password)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, password + "\n");
        try
        {
            var failure = Assert.Throws<LedgerException>(() => PostgresStore.Open(new StorePlace.InPostgres(connection, file, _schema)));
            Assert.DoesNotContain(password, failure.ToString(), StringComparison.Ordinal);
            return failure.Message;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static LedgerEntry Received(string id) => new()
    {
        Key = new DeliveryKey("", id),
        State = LedgerState.Received,
        Length = 5,
        Digest = "xxh128:00112233445566778899aabbccddeeff",
        Offset = 5,
        At = new DateTime(2026, 11, 25, 12, 0, 0, 123, DateTimeKind.Utc),
    };
}
