using System.Threading.Channels;
using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Storage.Postgres;
using ActorSockets.Storage.Tests.Support;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Storage.Tests;

/// <summary>Two nodes with one outbox in PostgreSQL: who sends, who sees what, and who may open it.</summary>
public sealed class SharedPostgresSpecs : IAsyncLifetime
{
    private static readonly OutboxLimits Roomy = new(1L << 40, 1_000_000, 1L << 40, 1_000_000);

    private readonly string _schema = $"s{Guid.NewGuid():N}";
    private PrivatePostgres _server = null!;
    private PostgresStore _one = null!;
    private PostgresStore _two = null!;
    private IOutbox _first = null!;
    private IOutbox _second = null!;

    private StorePlace.InPostgres Place => new(_server.Connection, _server.PasswordFile, _schema) { IsShared = true };

    public async Task InitializeAsync()
    {
        _server = await PrivatePostgres.SharedAsync();
        _one = PostgresStore.Open(Place);
        _first = _one.OpenOutbox(Roomy);
        _two = PostgresStore.Open(Place);
        _second = _two.OpenOutbox(Roomy);
    }

    public async Task DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _server.ExecuteInAsync("relay", "set client_min_messages = error", $"drop schema if exists {_schema} cascade");
    }

    [StoreFact]
    public async Task Only_the_node_that_began_last_can_record_what_became_of_deliveries()
    {
        await SubmitAsync(_first, "1", 5);
        await SubmitAsync(_first, "2", 100_000);
        var former = await TakeAsync(_first);
        Assert.Equal(["1", "2"], former.Select(delivery => delivery.Id));
        var latter = await TakeAsync(_second);
        Assert.Equal(former[0].Epoch + 1, latter[0].Epoch);

        foreach (var record in (OutboxRecord[])
            [
                new OutboxRecord.Done(former[0]), new OutboxRecord.Tried(former[0], 3, "Refused", "", DateTime.UtcNow),
                new OutboxRecord.SetAside(former[0], DeliveryState.Failed, 3, "Refused", "", DateTime.UtcNow),
            ])
        {
            Assert.Equal("another node sends for berlin now", (await Assert.ThrowsAsync<FencedException>(() => _first.RecordAsync(record))).Message);
        }

        await Assert.ThrowsAsync<FencedException>(() => _first.NextAsync("berlin", 0, 10, long.MaxValue, former[0].Epoch));
        Assert.Equal([("1", 0), ("2", 0)], (await _second.NextAsync("berlin", 0, 10, long.MaxValue, latter[0].Epoch)).Select(delivery => (delivery.Id, delivery.Attempts)));

        await _second.RecordAsync([.. latter.Select(delivery => new OutboxRecord.Done(delivery))]);
        await CountedAsync(_first, (0, 0));
    }

    [StoreFact]
    public async Task A_record_of_one_that_is_fenced_takes_back_nothing_that_was_committed_with_it()
    {
        await SubmitAsync(_first, "1", 5);
        var former = await TakeAsync(_first);
        await TakeAsync(_second);
        using var hold = new ManualResetEventSlim();
        var holding = _one.Writer.RunAsync(_ =>
        {
            hold.Wait();
            return 0;
        });
        var fenced = _first.RecordAsync(new OutboxRecord.Done(former[0]));
        var submitting = SubmitAsync(_first, "2", 5);
        hold.Set();
        await holding;
        await Assert.ThrowsAsync<FencedException>(() => fenced);
        await submitting;
        Assert.Equal(["1", "2"], (await TakeAsync(_second)).Select(delivery => delivery.Id));
    }

    [StoreFact]
    public async Task However_often_the_nodes_take_a_target_from_each_other_each_delivery_is_recorded_once()
    {
        const int Deliveries = 200;
        for (var i = 0; i < Deliveries; i++)
            await SubmitAsync(_first, $"{i}", 5);
        var recorded = await Task.WhenAll(SendAllAsync(_first), SendAllAsync(_second));
        Assert.Equal(Enumerable.Range(0, Deliveries).Select(i => $"{i}").Order(), recorded.SelectMany(ids => ids).Order());
    }

    [StoreFact]
    public async Task A_payload_whose_last_deliveries_end_at_two_nodes_at_a_time_leaves()
    {
        const int Payloads = 100;
        for (var i = 0; i < Payloads; i++)
            await SubmitAsync(_first, $"{i}", 5, "berlin", "oslo");
        await Task.WhenAll(EndAsync(_first, "berlin"), EndAsync(_second, "oslo"));
        Assert.Equal(0, await _one.ReadAsync(session => session.Number("select count(*) from payload")));

        async Task EndAsync(IOutbox outbox, string target)
        {
            foreach (var delivery in await outbox.NextAsync(target, 0, Payloads, long.MaxValue, await outbox.BeginSendingAsync(target)))
                await outbox.RecordAsync(new OutboxRecord.Done(delivery));
        }
    }

    [StoreFact]
    public async Task The_numbers_of_a_line_come_in_order_whichever_node_a_delivery_comes_through()
    {
        var longest = 0L;
        var done = false;
        var submitting = Task.WhenAll(((IOutbox[])[_first, _second]).Select(async (outbox, node) =>
        {
            for (var i = 0; i < 100; i++)
                await SubmitAsync(outbox, $"{node}-{i}", 5);
        }));
        var seen = new List<string>();
        while (!done)
        {
            done = submitting.IsCompleted;
            foreach (var next in await _first.NextAsync("berlin", longest, 1_000, long.MaxValue, await _first.BeginSendingAsync("berlin")))
            {
                seen.Add(next.Id);
                longest = next.Number;
            }
        }

        await submitting;
        Assert.Equal(200, seen.Count);
    }

    [StoreFact]
    public async Task A_node_sees_the_deliveries_and_the_commands_of_another_when_it_looks()
    {
        var changes = new List<LineChange>();
        _second.Listen("berlin", changes.Add);
        Assert.Empty(await _second.LookAsync());
        await SubmitAsync(_first, "1", 5);
        Assert.Equal(["berlin"], await _second.LookAsync());
        Assert.Equal([LineChange.Longer], changes);
        await CountedAsync(_second, (1, 5));

        using var queue = await StoreLibrary.OpenQueueAsync(Place);
        Assert.True(queue.IsInUse);
        var asked = queue.ExecuteAsync(new QueueCommand(QueueVerb.Hold, new QueueSelection("berlin")), TimeSpan.FromSeconds(30));
        while (!asked.IsCompleted)
            await Task.WhenAll(_first.ExecuteWaitingAsync(), _second.ExecuteWaitingAsync());
        Assert.Equal(1, await asked);
        changes.Clear();
        Assert.Empty(await _second.LookAsync());
        Assert.Contains(LineChange.Rearranged, changes);
    }

    [StoreFact]
    public async Task A_line_that_is_told_of_it_takes_what_came_through_another_node()
    {
        var access = new OutboxAccess(new OutboxSettings(Place, Roomy, TimeSpan.FromDays(1), TimeSpan.FromDays(1)));
        access.Open(_ => PostgresStore.Open(Place));
        var target = ActorSocketsSettings.From(ConfigurationFactory.ParseString("actor-sockets.targets.berlin { port = 1, protocol = deliveries }")).Targets[0];
        var taken = Channel.CreateUnbounded<string>();
        using var system = ActorSystem.Create("lines", ActorSocketsSettings.Reference);
        var line = system.ActorOf(LineActor.Props(target, access, _ => Props.Create(() => new Taker(taken))));
        await SubmitAsync(_first, "1", 5);
        Assert.Equal("1", await TakenAsync());
        await SubmitAsync(_first, "2", 5);
        Assert.Equal("2", await TakenAsync());
        await system.Terminate();
        await access.CloseAsync();

        // The line may be asked while it is reading what is there.
        async Task<string> TakenAsync()
        {
            line.Tell(new TargetCommands.LookForMore());
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            return await taken.Reader.ReadAsync(patience.Token);
        }
    }

    [StoreFact]
    public async Task A_delivery_that_another_node_has_ended_ends_the_wait_for_it()
    {
        await SubmitAsync(_first, "1", 5);
        var ended = _first.WhenEndedAsync("1", ["berlin"]);
        await _second.RecordAsync(new OutboxRecord.Done((await TakeAsync(_second)).Single()));
        while (!ended.IsCompleted)
            await _first.LookAsync();
        Assert.Empty(await ended);
    }

    [StoreFact]
    public async Task A_delivery_that_another_node_has_set_aside_ends_the_wait_for_it_as_failed()
    {
        await SubmitAsync(_first, "1", 5);
        var ended = _first.WhenEndedAsync("1", ["berlin"]);
        await _second.RecordAsync(new OutboxRecord.SetAside((await TakeAsync(_second)).Single(), DeliveryState.Failed, 1, "Refused", "", DateTime.UtcNow));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!ended.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            await _first.LookAsync();
        }

        Assert.Equal(["berlin"], await ended);
    }

    [StoreFact]
    public async Task What_two_nodes_receive_at_a_time_is_stored_once()
    {
        var received = new LedgerEntry { Key = new DeliveryKey("in/", "x"), State = LedgerState.Received, Length = 5, Digest = "d", Offset = 5, At = DateTime.UtcNow };
        await SubmitAsync(_first, "x", 5, received);
        await _first.RecordAsync(new OutboxRecord.Done((await TakeAsync(_first)).Single()));
        Assert.Equal(received.Key, (await Assert.ThrowsAsync<AlreadyReceivedException>(() => SubmitAsync(_second, "x", 5, received))).Entry.Key);
        Assert.Empty(await TakeAsync(_second));
    }

    [StoreFact]
    public async Task A_node_that_starts_takes_no_payload_away_that_another_one_is_receiving()
    {
        await using var payload = _first.Begin();
        await payload.WriteAsync(Bytes(3_000_000));
        await _two.DisposeAsync();
        _two = PostgresStore.Open(Place);
        _second = _two.OpenOutbox(Roomy);
        await payload.CompleteAsync();
        await _first.SubmitAsync(new Submission(payload, [new NewDelivery("berlin", "1")]));
        await using var stream = await (await TakeAsync(_second)).Single().Payload.OpenAsync();
        var bytes = new byte[3_000_000];
        await stream.ReadExactlyAsync(bytes);
        Assert.Equal(Bytes(3_000_000), bytes);
    }

    [StoreFact]
    public async Task Of_nodes_that_look_for_a_cluster_at_a_time_one_begins_it_and_the_others_find_it()
    {
        var found = await Task.WhenAll(_first.MeetAsync(Node("a:1"), NodePresence.Looking), _second.MeetAsync(Node("b:1"), NodePresence.Looking));
        var begun = found[0];
        Assert.Equal(begun, found[1]);
        Assert.Contains(Assert.Single(begun), (ClusterPeer[])[Node("a:1"), Node("b:1")]);

        Assert.Equal(begun, await _first.MeetAsync(Node("c:1"), NodePresence.Member));
        Assert.Equal([begun[0], Node("c:1")], await _second.MeetAsync(Node("d:1"), NodePresence.LookingLong));
        await _first.MeetAsync(Node("c:1"), NodePresence.Leaving);
        Assert.Equal(begun, await _second.MeetAsync(Node("d:1"), NodePresence.LookingLong));
    }

    [StoreFact]
    public async Task The_queue_tells_which_node_of_the_cluster_sends()
    {
        await SubmitAsync(_first, "1", 5);
        await _first.MeetAsync(Node("a:1"), NodePresence.Member);
        await _first.BeginSendingAsync("berlin");
        using var queue = await PostgresQueue.OpenAsync(Place);
        Assert.Equal("a:1", Assert.Single(await queue.LinesAsync()).Node);
        await _first.MeetAsync(Node("a:1"), NodePresence.Leaving);
        Assert.Null(Assert.Single(await queue.LinesAsync()).Node);
    }

    [StoreFact]
    public async Task Where_the_nodes_of_a_cluster_are_late_a_new_one_waits_for_them_before_it_begins_another()
    {
        await _first.MeetAsync(Node("a:1"), NodePresence.Looking);
        await _server.ExecuteInAsync("relay", $"update {_schema}.node set seen = now() - interval '11 seconds'");
        Assert.Empty(await _second.MeetAsync(Node("b:1"), NodePresence.Looking));
        Assert.Equal([Node("b:1")], await _second.MeetAsync(Node("b:1"), NodePresence.LookingLong));
        Assert.Equal([Node("b:1")], await _first.MeetAsync(Node("a:1"), NodePresence.Looking));
    }

    [StoreFact]
    public async Task A_payload_that_has_lost_a_part_is_not_stored_and_can_be_handed_over_again()
    {
        await using (var payload = _first.Begin())
        {
            await payload.WriteAsync(Bytes(2_000_000));
            await payload.WriteAsync(Bytes(2_000_000));
            await payload.CompleteAsync();
            await _server.ExecuteInAsync("relay", $"delete from {_schema}.part where position = 0");
            var failure = await Assert.ThrowsAsync<LedgerException>(() => _first.SubmitAsync(new Submission(payload, [new NewDelivery("berlin", "1", null)])));
            Assert.Contains("lost a part of the payload", failure.Message, StringComparison.Ordinal);
        }

        Assert.Empty(await TakeAsync(_first));
        Assert.Equal(0, await _one.ReadAsync(session => session.Number("select count(*) from part")));
        await SubmitAsync(_first, "1", 3_000_000);
        Assert.Single(await TakeAsync(_first));
    }

    [StoreFact]
    public async Task A_line_that_is_fenced_leaves_no_connection_behind()
    {
        await using var server = await PrivatePostgres.StartAsync();
        await using var store = PostgresStore.Open(new StorePlace.InPostgres(server.Connection, server.PasswordFile, _schema) { IsShared = true });
        var outbox = store.OpenOutbox(Roomy);
        var former = await outbox.BeginSendingAsync("berlin");
        await outbox.BeginSendingAsync("berlin");
        for (var i = 0; i < 30; i++)
            await Assert.ThrowsAsync<FencedException>(() => outbox.NextAsync("berlin", 0, 10, long.MaxValue, former));
        var connections = await server.QueryAsync("relay", $"select application_name from pg_stat_activity where usename = '{PrivatePostgres.User}'");
        Assert.InRange(connections.Count, 1, 10);
    }

    [StoreFact]
    public async Task A_node_whose_name_another_process_has_is_refused_before_it_begins_a_cluster()
    {
        var refused = await Assert.ThrowsAsync<NodeExistsException>(async () =>
        {
            foreach (var state in (NodePresence[])[NodePresence.Looking, NodePresence.Looking, NodePresence.LookingLong, NodePresence.LookingLong])
            {
                await _first.MeetAsync(Node("a:1"), NodePresence.Member);
                Assert.Empty(await _second.MeetAsync(Node("a:1"), state));
            }
        });
        Assert.Equal("another process is a:1: set cluster.host to an address at which the other nodes reach this one", refused.Message);
        Assert.Empty(await _first.MeetAsync(Node("a:1"), NodePresence.Member));
    }

    [StoreFact]
    public async Task Of_two_members_with_one_name_one_is_refused()
    {
        var looks = 0;
        await Assert.ThrowsAsync<NodeExistsException>(async () =>
        {
            while (++looks < 10)
            {
                await _first.MeetAsync(Node("a:1"), NodePresence.Member);
                await _second.MeetAsync(Node("a:1"), NodePresence.Member);
            }
        });
        for (looks = 0; looks < 10; looks++)
            await _second.MeetAsync(Node("a:1"), NodePresence.Member);
    }

    [StoreFact]
    public async Task A_node_that_is_started_again_at_once_is_not_refused()
    {
        await _first.MeetAsync(Node("a:1"), NodePresence.Member);
        for (var looks = 0; looks < 5; looks++)
            Assert.Empty(await _second.MeetAsync(Node("a:1"), NodePresence.Looking));
        Assert.Equal([Node("a:1")], await _second.MeetAsync(Node("a:1"), NodePresence.LookingLong));
        for (var looks = 0; looks < 5; looks++)
            Assert.Empty(await _second.MeetAsync(Node("a:1"), NodePresence.Member));
    }

    [StoreFact]
    public async Task The_first_node_sweeps_what_a_crash_left()
    {
        await SubmitAsync(_first, "1", 100_000);
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _server.ExecuteInAsync("relay", $"insert into {_schema}.part values ('left', 0, '')", $"delete from {_schema}.part where file <> 'left'");
        _one = PostgresStore.Open(Place);
        _first = _one.OpenOutbox(Roomy);
        Assert.Equal(0, await _one.ReadAsync(session => session.Number("select count(*) from part")));
        Assert.Contains("delivery 1 for berlin is set aside as failed", Assert.Single(_first.Damages), StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task A_program_outside_the_cluster_is_kept_out_and_keeps_a_node_out()
    {
        var failure = Assert.Throws<LedgerException>(() => PostgresStore.Open(Place with { IsShared = false }));
        Assert.Contains($"has the schema {_schema} in use by actorsockets process", failure.Message, StringComparison.Ordinal);
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        _one = PostgresStore.Open(Place with { IsShared = false });
        using var session = new PostgresConnector(Place).Open();
        Assert.False(PostgresLock.TryTake(session, _schema));
    }

    [StoreFact]
    public async Task A_node_of_another_schema_version_is_refused_while_others_run()
    {
        await _two.DisposeAsync();
        await _server.ExecuteInAsync("relay", $"update {_schema}.store set version = {PostgresSchema.Version - 1}");
        Assert.Contains("stop all of them once", Assert.Throws<LedgerException>(() => PostgresStore.Open(Place)).Message, StringComparison.Ordinal);
        await _server.ExecuteInAsync("relay", $"update {_schema}.store set version = 99");
        Assert.Contains("use that version", Assert.Throws<LedgerException>(() => PostgresStore.Open(Place)).Message, StringComparison.Ordinal);
    }

    private static ClusterPeer Node(string name) => new(name, "a setting", "targets");

    private static async Task<IReadOnlyList<StoredDelivery>> TakeAsync(IOutbox outbox) =>
        await outbox.NextAsync("berlin", 0, 10, long.MaxValue, await outbox.BeginSendingAsync("berlin"));

    /// <summary>Takes the target again whenever the other one has it.</summary>
    /// <returns>The ids that it has recorded.</returns>
    private static async Task<List<string>> SendAllAsync(IOutbox outbox)
    {
        var recorded = new List<string>();
        while (true)
        {
            try
            {
                if (await TakeAsync(outbox) is not { Count: > 0 } next)
                    return recorded;
                await outbox.RecordAsync([.. next.Select(delivery => new OutboxRecord.Done(delivery))]);
                recorded.AddRange(next.Select(delivery => delivery.Id));
            }
            catch (FencedException)
            {
                // The other one's turn.
            }
        }
    }

    /// <summary>Where a count takes long, one follows later.</summary>
    private static async Task CountedAsync(IOutbox outbox, (long Deliveries, long Bytes) expected)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((outbox.Room.Deliveries, outbox.Room.Bytes) != expected)
        {
            patience.Token.ThrowIfCancellationRequested();
            await outbox.LookAsync();
        }
    }

    private static Task SubmitAsync(IOutbox outbox, string id, int length, params string[] targets) => SubmitAsync(outbox, id, length, null, targets);

    private static async Task SubmitAsync(IOutbox outbox, string id, int length, LedgerEntry? received, params string[] targets)
    {
        await using var payload = outbox.Begin();
        await payload.WriteAsync(Bytes(length));
        await payload.CompleteAsync();
        await outbox.SubmitAsync(new Submission(payload, [.. targets.DefaultIfEmpty("berlin").Select(target => new NewDelivery(target, id))], received));
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A sender that never comes to an end.</summary>
    private sealed class Taker : UntypedActor
    {
        private readonly Channel<string> _taken;

        public Taker(Channel<string> taken) => _taken = taken;

        protected override void OnReceive(object message)
        {
            if (message is Deliveries.Deliver deliver)
                _taken.Writer.TryWrite(deliver.Id);
        }
    }
}
