using System.Collections.Concurrent;
using ActorSockets.Outbox;
using ActorSockets.Storage.Tests.Support;

namespace ActorSockets.Storage.Tests;

/// <summary>The outbox of every store: what goes in, what comes out, what is left after a restart, and what is full.</summary>
/// <param name="kind">Of the store.</param>
public abstract class OutboxSpecs(string kind) : IAsyncLifetime
{
    private protected const int Large = SpooledPayload.MostInRow + 1;
    private protected static readonly OutboxLimits Roomy = new(1L << 40, 1_000_000, 1L << 40, 1_000_000);

    private TestStore _place = null!;
    private IStore _store = null!;
    private IOutbox _outbox = null!;

    private protected TestStore Place => _place;

    private protected IStore Store => _store;

    private protected IOutbox Outbox => _outbox;

    public async Task InitializeAsync()
    {
        _place = await TestStore.OfAsync(kind);
        Open(Roomy);
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        await _place.DisposeAsync();
    }

    [StoreTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(SpooledPayload.MostInRow)]
    [InlineData(Large)]
    [InlineData(3_000_000)]
    public async Task A_payload_comes_out_as_it_went_in_also_after_a_restart(int length)
    {
        var bytes = Bytes(length);
        await SubmitAsync("1", bytes, "berlin");
        Assert.Equal(length > SpooledPayload.MostInRow ? 1 : 0, await _place.CountLargeAsync());
        Assert.Equal(bytes, await ReadAsync((await NextAsync("berlin")).Single()));
        await ReopenAsync(Roomy);
        var delivery = (await NextAsync("berlin")).Single();
        Assert.Equal(("1", "berlin", (long)length, 0), (delivery.Id, delivery.Target, delivery.Payload.Length, delivery.Attempts));
        Assert.Equal(bytes, await ReadAsync(delivery));
        Assert.Equal(length, _outbox.Room.Bytes);
    }

    [StoreFact]
    public async Task A_payload_in_pieces_moves_out_of_memory()
    {
        var bytes = Bytes(2_500_000);
        await using var payload = _outbox.Begin();
        for (var at = 0; at < bytes.Length; at += 7_000)
            await payload.WriteAsync(bytes.AsMemory(at, Math.Min(7_000, bytes.Length - at)));
        await payload.CompleteAsync();
        await _outbox.SubmitAsync(new Submission(payload, [new NewDelivery("berlin", "1", "report.pdf")]));
        var delivery = (await NextAsync("berlin")).Single();
        Assert.Equal("report.pdf", delivery.Name);
        Assert.Equal(bytes, await ReadAsync(delivery));
    }

    [StoreTheory]
    [InlineData(10)]
    [InlineData(Large)]
    public async Task A_payload_goes_with_the_last_of_its_deliveries(int length)
    {
        await SubmitAsync("1", Bytes(length), "berlin", "oslo");
        await _outbox.RecordAsync(new OutboxRecord.Done((await NextAsync("berlin")).Single()));
        Assert.Empty(await NextAsync("berlin"));
        Assert.Equal(length, _outbox.Room.Bytes);
        var last = (await NextAsync("oslo")).Single();
        Assert.Equal(length, (await ReadAsync(last)).Length);
        await _outbox.RecordAsync(new OutboxRecord.Done(last));
        Assert.Equal((0, 0), (_outbox.Room.Bytes, _outbox.Room.Deliveries));
        await ReopenAsync(Roomy);
        Assert.Equal(0, await _place.CountLargeAsync());
        Assert.Equal(0, await _place.CountAsync(_store, "payload"));
    }

    [StoreFact]
    public async Task A_line_keeps_its_order_and_is_taken_piece_by_piece()
    {
        for (var i = 0; i < 20; i++)
            await SubmitAsync($"{i:00}", Bytes(1000), "berlin");
        var first = await _outbox.NextAsync("berlin", after: 0, most: 5, mostBytes: 1 << 20);
        Assert.Equal(["00", "01", "02", "03", "04"], first.Select(d => d.Id));
        var second = await _outbox.NextAsync("berlin", first[^1].Number, most: 100, mostBytes: 2_500);
        Assert.Equal(["05", "06", "07"], second.Select(d => d.Id));
        Assert.Single(await _outbox.NextAsync("berlin", 0, most: 100, mostBytes: 0));
    }

    [StoreFact]
    public async Task A_delivery_that_was_never_submitted_leaves_nothing()
    {
        await using (var payload = _outbox.Begin())
            await payload.WriteAsync(Bytes(Large));
        await using (var payload = _outbox.Begin())
        {
            await payload.WriteAsync(Bytes(Large));
            await payload.CompleteAsync();
        }

        Assert.Equal(0, await _place.CountLargeAsync());
        _outbox.Room.Reserve(Roomy.MaxBytes);
    }

    [StoreFact]
    public async Task A_payload_that_a_row_may_name_is_kept_until_the_next_start_finds_out()
    {
        await using (var payload = (SpooledPayload)_outbox.Begin())
        {
            await payload.WriteAsync(Bytes(Large));
            await payload.CompleteAsync();
            payload.Keep();
        }

        Assert.Equal(1, await _place.CountLargeAsync());
        _outbox.Room.Reserve(Roomy.MaxBytes);
        _outbox.Room.Release(Roomy.MaxBytes);
        await ReopenAsync(Roomy);
        // A directory that other machines may write to keeps it for an hour.
        Assert.Equal(kind == "payloads" ? 1 : 0, await _place.CountLargeAsync());
    }

    [StoreFact]
    public async Task A_payload_whose_bytes_are_gone_is_set_aside_and_said_and_the_others_go_on()
    {
        await SubmitAsync("lost", Bytes(Large), "berlin", "oslo");
        await _place.DeleteLargeAsync();
        await SubmitAsync("fine", Bytes(Large), "berlin");
        await ReopenAsync(Roomy);
        Assert.Equal(2, _outbox.Damages.Count);
        Assert.Contains("delivery lost for berlin is set aside as failed: the payload's ", _outbox.Damages[0], StringComparison.Ordinal);
        Assert.Equal("fine", (await NextAsync("berlin")).Single().Id);
        Assert.Equal(2, _outbox.Room.Lines()["berlin"].SetAside + _outbox.Room.Lines()["oslo"].SetAside);
    }

    [StoreTheory]
    [InlineData(100)]
    [InlineData(Large)]
    public async Task A_payload_that_was_damaged_cannot_be_read_to_its_end(int length)
    {
        await SubmitAsync("1", Bytes(length), "berlin");
        await _place.DamageAsync(_store);
        var failure = await Assert.ThrowsAsync<IOException>(async () => await ReadAsync((await NextAsync("berlin")).Single()));
        Assert.Contains("the outbox's copy of the payload is damaged", failure.Message, StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task A_delivery_that_failed_is_set_aside_retried_and_forgotten()
    {
        await SubmitAsync("1", Bytes(Large), "berlin");
        await SubmitAsync("2", Bytes(10), "berlin");
        var first = (await NextAsync("berlin"))[0];
        await _outbox.RecordAsync(new OutboxRecord.Tried(first, 3, "Refused", "connection refused", DateTime.UtcNow));
        Assert.Equal(3, (await NextAsync("berlin"))[0].Attempts);
        await _outbox.RecordAsync(new OutboxRecord.SetAside(first, DeliveryState.Failed, 4, "RefusedForGood", "never: too-long", DateTime.UtcNow));
        Assert.Equal("2", (await NextAsync("berlin")).Single().Id);
        Assert.Equal((1, 1), (_outbox.Room.Lines()["berlin"].Queued, _outbox.Room.Lines()["berlin"].SetAside));

        Assert.Equal(0, await _outbox.ForgetFailedAsync(DateTime.UtcNow.AddHours(-1)));
        Assert.Equal(1, await _outbox.ExecuteAsync(new QueueCommand(QueueVerb.Retry, new QueueSelection("berlin", "1"))));
        Assert.Equal(["1", "2"], (await NextAsync("berlin")).Select(d => d.Id));
        await _outbox.RecordAsync(new OutboxRecord.SetAside(first, DeliveryState.Unconfirmed, 5, "Unconfirmed", "no receipt", DateTime.UtcNow));
        Assert.Equal(1, await _outbox.ForgetFailedAsync(DateTime.UtcNow.AddHours(1)));
        Assert.Equal((10, 1), (_outbox.Room.Bytes, _outbox.Room.Deliveries));
    }

    [StoreFact]
    public async Task A_person_holds_releases_and_cancels_and_the_line_hears_of_it()
    {
        var heard = new List<LineChange>();
        _outbox.Listen("berlin", heard.Add);
        await SubmitAsync("1", Bytes(10), "berlin", "oslo");
        await SubmitAsync("2", Bytes(10), "berlin");
        Assert.Equal(1, await ExecuteAsync(QueueVerb.Hold, "berlin", "1"));
        Assert.Equal("2", (await NextAsync("berlin")).Single().Id);
        Assert.Equal("1", (await NextAsync("oslo")).Single().Id);
        Assert.Equal(1, await ExecuteAsync(QueueVerb.Hold, "berlin"));
        Assert.Empty(await NextAsync("berlin"));
        await ReopenAsync(Roomy);
        Assert.Empty(await NextAsync("berlin"));
        Assert.Equal(1, await ExecuteAsync(QueueVerb.Release, "berlin"));
        Assert.Equal(["1", "2"], (await NextAsync("berlin")).Select(d => d.Id));
        Assert.Equal(2, await ExecuteAsync(QueueVerb.Cancel, id: "1"));
        Assert.Equal("2", (await NextAsync("berlin")).Single().Id);
        Assert.Empty(await NextAsync("oslo"));
        Assert.Equal((10, 1), (_outbox.Room.Bytes, _outbox.Room.Deliveries));
        Assert.Equal([LineChange.Longer, LineChange.Longer, LineChange.Rearranged, LineChange.Rearranged], heard);
    }

    [StoreFact]
    public async Task A_command_to_many_deliveries_that_failed_half_way_goes_on_when_it_is_executed_again()
    {
        const int Count = 1_100;
        var heard = new ConcurrentBag<LineChange>();
        await Task.WhenAll(Enumerable.Range(0, Count).Select(i => SubmitAsync($"{i}", Bytes(10), "berlin")));
        await SubmitAsync("last", Bytes(10), "berlin");
        Assert.Equal(Count + 1, await ExecuteAsync(QueueVerb.Retry, "berlin"));
        Assert.Equal(Count + 1, await ExecuteAsync(QueueVerb.Retry));

        _outbox.Listen("berlin", heard.Add);
        using var queue = await _place.OpenQueueAsync();
        Assert.Null(await queue.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, new QueueSelection("berlin")), TimeSpan.Zero));
        await _place.KeepAsync(_store, "last");
        await Assert.ThrowsAsync<LedgerException>(_outbox.ExecuteWaitingAsync);
        Assert.InRange(_outbox.Room.Deliveries, 1, Count);
        Assert.Equal([LineChange.Rearranged], heard);
        await _place.LetGoAsync(_store);
        Assert.Equal(1, await _outbox.ExecuteWaitingAsync());
        Assert.Equal((0, 0), (_outbox.Room.Bytes, _outbox.Room.Deliveries));
        Assert.Empty(await NextAsync("berlin"));
        Assert.Equal(0, await _outbox.ExecuteWaitingAsync());
    }

    [StoreFact]
    public async Task A_line_that_nobody_listens_to_is_named_when_it_becomes_longer()
    {
        var (heard, unheard) = (new List<LineChange>(), new List<string>());
        _outbox.WhenUnheard(unheard.Add);
        var former = _outbox.Listen("berlin", _ => throw new InvalidOperationException());
        var listening = _outbox.Listen("berlin", heard.Add);
        former.Dispose();
        await SubmitAsync("1", Bytes(10), "berlin", "oslo");
        Assert.Equal((LineChange.Longer, "oslo"), (Assert.Single(heard), Assert.Single(unheard)));
        listening.Dispose();
        await SubmitAsync("2", Bytes(10), "berlin");
        Assert.Single(heard);
        Assert.Equal(["oslo", "berlin"], unheard);
    }

    [StoreFact]
    public async Task What_ended_after_it_was_cancelled_stays_cancelled()
    {
        await SubmitAsync("1", Bytes(10), "berlin");
        var delivery = (await NextAsync("berlin")).Single();
        await ExecuteAsync(QueueVerb.Cancel, id: "1");
        await _outbox.RecordAsync(new OutboxRecord.Done(delivery), new OutboxRecord.SetAside(delivery, DeliveryState.Failed, 1, "", "", DateTime.UtcNow));
        Assert.Equal((0, 0), (_outbox.Room.Bytes, _outbox.Room.Deliveries));
        Assert.Equal(0, _outbox.Room.Lines()["berlin"].SetAside);
    }

    [StoreFact]
    public async Task An_id_that_waits_for_a_target_is_taken_and_nothing_of_the_second_is_stored()
    {
        await SubmitAsync("1", Bytes(10), "berlin");
        await Assert.ThrowsAsync<DuplicateDeliveryException>(() => SubmitAsync("1", Bytes(10), "oslo", "berlin"));
        Assert.Empty(await NextAsync("oslo"));
        Assert.Equal((10, 1), (_outbox.Room.Bytes, _outbox.Room.Deliveries));
        await SubmitAsync("1", Bytes(10), "oslo");
    }

    [StoreFact]
    public async Task Limits_are_kept_for_each_target_and_for_all_and_room_comes_back()
    {
        await ReopenAsync(new OutboxLimits(MaxBytes: 1000, MaxDeliveries: 4, TargetMaxBytes: 500, TargetMaxDeliveries: 2));
        var said = new List<string?>();
        _outbox.Room.WhenFullChanges(said.Add);
        await SubmitAsync("1", Bytes(100), "berlin");
        await SubmitAsync("2", Bytes(100), "berlin");
        Assert.Contains("2 deliveries wait for berlin (outbox.per-target.max-deliveries)", await FullAsync("3", 100, "berlin"), StringComparison.Ordinal);
        Assert.Contains("wait for berlin", await FullAsync("3", 100, "oslo", "berlin"), StringComparison.Ordinal);
        await SubmitAsync("3", Bytes(450), "oslo");
        Assert.Contains("450 B wait for oslo (outbox.per-target.max-bytes)", await FullAsync("4", 100, "oslo"), StringComparison.Ordinal);
        await SubmitAsync("5", Bytes(10), "lima");
        Assert.Contains("4 deliveries are stored (outbox.max-deliveries)", await FullAsync("6", 1, "rome"), StringComparison.Ordinal);
        Assert.Contains("(outbox.max-bytes)", await FullAsync("6", 900, "rome"), StringComparison.Ordinal);
        Assert.Single(said);

        await ReopenAsync(new OutboxLimits(1000, 4, 500, 2));
        Assert.Contains("outbox.max-deliveries", await FullAsync("6", 1, "rome"), StringComparison.Ordinal);
        var freed = _outbox.Room.WhenFreedAsync(TimeSpan.FromMinutes(5));
        await _outbox.RecordAsync(new OutboxRecord.Done((await NextAsync("berlin"))[0]));
        await freed;
        await SubmitAsync("6", Bytes(1), "rome");
        while (await NextAsync("oslo") is [var oslo, ..])
            await _outbox.RecordAsync(new OutboxRecord.Done(oslo));
        Assert.Null(_outbox.Room.Full);
    }

    [StoreFact]
    public async Task A_payload_waits_for_what_will_go_and_gives_its_room_to_those_that_need_it_when_nothing_will()
    {
        await ReopenAsync(new OutboxLimits(MaxBytes: 1000, MaxDeliveries: 10, TargetMaxBytes: 1000, TargetMaxDeliveries: 1));
        await SubmitAsync("1", Bytes(100), "berlin");
        await using (var complete = _outbox.Begin())
        {
            await complete.WriteAsync(Bytes(700));
            await complete.CompleteAsync();
            await Assert.ThrowsAsync<OutboxFullException>(() => _outbox.SubmitAsync(new Submission(complete, [new NewDelivery("berlin", "2")])));
            await using var waits = _outbox.Begin();
            await Assert.ThrowsAsync<OutboxFullException>(async () => await waits.WriteAsync(Bytes(900)));
            Assert.True(waits.MayWait(900));
        }

        await using var first = _outbox.Begin();
        await using var second = _outbox.Begin();
        await first.WriteAsync(Bytes(450));
        await second.WriteAsync(Bytes(400));
        await Assert.ThrowsAsync<OutboxFullException>(async () => await first.WriteAsync(Bytes(200)));
        Assert.False(first.MayWait(200));
        await second.WriteAsync(Bytes(200));
        await first.DisposeAsync();
        await second.DisposeAsync();
        _outbox.Room.Reserve(900);
        Assert.Throws<OutboxFullException>(() => _outbox.Room.Reserve(1));
    }

    [StoreFact]
    public async Task What_came_in_is_noted_in_the_same_transaction()
    {
        var received = new LedgerEntry { Key = new DeliveryKey("", "in"), State = LedgerState.Received, Length = 10, Digest = "xxh128:00", At = DateTime.UnixEpoch };
        await SubmitAsync("1", Bytes(10), "berlin");
        await Assert.ThrowsAsync<DuplicateDeliveryException>(() => SubmitAsync("1", Bytes(10), received, "berlin"));
        Assert.Null(await _store.Ledger.FindAsync(received.Key));
        await SubmitAsync("2", Bytes(10), received, "berlin");
        Assert.Equal(received, await _store.Ledger.FindAsync(received.Key));
    }

    [StoreFact]
    public async Task Whoever_waits_for_the_end_of_a_delivery_hears_which_targets_failed()
    {
        await SubmitAsync("1", Bytes(10), "berlin", "oslo", "lima");
        var end = _outbox.WhenEndedAsync("1", ["berlin", "oslo", "lima"]);
        await _outbox.RecordAsync(new OutboxRecord.Done((await NextAsync("berlin")).Single()));
        await _outbox.RecordAsync(new OutboxRecord.SetAside((await NextAsync("oslo")).Single(), DeliveryState.Failed, 1, "Refused", "", DateTime.UtcNow));
        Assert.False(end.IsCompleted);
        await ExecuteAsync(QueueVerb.Cancel, "lima", "1");
        Assert.Equal(["oslo", "lima"], await end);
        Assert.Equal(["oslo"], await _outbox.WhenEndedAsync("1", ["berlin", "oslo", "lima"]));

        await SubmitAsync("2", Bytes(10), "berlin");
        var never = _outbox.WhenEndedAsync("2", ["berlin"]);
        _outbox.StopWaiting();
        await Assert.ThrowsAsync<IOException>(() => never);
        await Assert.ThrowsAsync<IOException>(() => _outbox.WhenEndedAsync("2", ["berlin"]));
    }

    [StoreFact]
    public async Task A_person_sees_the_queue_while_a_program_has_it_and_gives_it_commands()
    {
        await SubmitAsync("1", Bytes(100), "berlin", "oslo");
        await SubmitAsync("2", Bytes(200), "berlin");
        await _outbox.RecordAsync(new OutboxRecord.Tried((await NextAsync("oslo")).Single(), 7, "Refused", "connection refused", DateTime.UtcNow));
        using var queue = await _place.OpenQueueAsync();
        Assert.True(queue.IsInUse);
        var lines = await queue.LinesAsync();
        Assert.Equal(["berlin", "oslo"], lines.Select(line => line.Target));
        Assert.Equal((2, 300, null), (lines[0].Figures.Waiting, lines[0].Figures.WaitingBytes, lines[0].LastFailure));
        Assert.Equal("connection refused", lines[1].LastFailure);
        Assert.NotNull(lines[1].Oldest);
        Assert.Equal(["1", "1", "2"], (await queue.ListAsync(new QueueSelection(), null, 10)).Select(entry => entry.Id));
        Assert.Equal(7, (await queue.ListAsync(new QueueSelection("oslo", "1"), DeliveryState.Queued, 10)).Single().Attempts);

        Assert.Null(await queue.ExecuteAsync(new QueueCommand(QueueVerb.Hold, new QueueSelection("berlin", "2")), TimeSpan.Zero));
        Assert.Equal(2, (await NextAsync("berlin")).Count);
        var answer = queue.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, new QueueSelection(Id: "1")), TimeSpan.FromMinutes(1));
        while (!answer.IsCompleted)
            await Task.WhenAny(answer, Task.Run(_outbox.ExecuteWaitingAsync));
        Assert.Equal(2, await answer);
        Assert.Empty(await NextAsync("berlin"));
        Assert.Equal(DeliveryState.Held, (await queue.ListAsync(new QueueSelection(), null, 10)).Single().State);
    }

    [StoreFact]
    public async Task A_person_changes_a_queue_that_no_program_has()
    {
        await SubmitAsync("1", Bytes(Large), "berlin");
        await _store.DisposeAsync();
        using (var queue = await _place.OpenQueueAsync())
        {
            Assert.False(queue.IsInUse);
            Assert.Equal(1, (await queue.LinesAsync()).Single().Figures.Waiting);
            Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, new QueueSelection(Id: "1")), TimeSpan.Zero));
            Assert.Empty(await queue.LinesAsync());
        }

        Open(Roomy);
        Assert.Equal(0, await _place.CountLargeAsync());
    }

    [StoreFact]
    public async Task A_command_that_a_program_has_left_waiting_is_executed_before_a_later_one()
    {
        await SubmitAsync("1", Bytes(10), "berlin");
        using var queue = await _place.OpenQueueAsync();
        Assert.Null(await queue.ExecuteAsync(new QueueCommand(QueueVerb.Hold, new QueueSelection("berlin")), TimeSpan.Zero));
        await _store.DisposeAsync();
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Release, new QueueSelection("berlin")), TimeSpan.Zero));
        Open(Roomy);
        Assert.Equal(0, await _outbox.ExecuteWaitingAsync());
        Assert.Single(await NextAsync("berlin"));
    }

    [StoreFact]
    public async Task A_queue_that_is_none_is_an_error()
    {
        var failure = await Assert.ThrowsAsync<LedgerException>(() => StoreLibrary.OpenQueueAsync(_place.Nowhere));
        Assert.Contains("nothing was ever stored there", failure.Message, StringComparison.Ordinal);
    }

    private protected void Open(OutboxLimits limits)
    {
        _store = _place.Open();
        _outbox = _store.OpenOutbox(limits);
    }

    private protected async Task ReopenAsync(OutboxLimits limits)
    {
        await _store.DisposeAsync();
        Open(limits);
    }

    private protected Task SubmitAsync(string id, byte[] bytes, params string[] targets) => SubmitAsync(id, bytes, null, targets);

    private async Task SubmitAsync(string id, byte[] bytes, LedgerEntry? received, params string[] targets)
    {
        await using var payload = _outbox.Begin();
        await payload.WriteAsync(bytes);
        await payload.CompleteAsync();
        await _outbox.SubmitAsync(new Submission(payload, [.. targets.Select(target => new NewDelivery(target, id))], received));
    }

    private async Task<string> FullAsync(string id, int length, params string[] targets) =>
        (await Assert.ThrowsAsync<OutboxFullException>(() => SubmitAsync(id, Bytes(length), targets))).Message;

    private protected Task<IReadOnlyList<StoredDelivery>> NextAsync(string target) => _outbox.NextAsync(target, after: 0, most: 100, mostBytes: long.MaxValue);

    private Task<int> ExecuteAsync(QueueVerb verb, string? target = null, string? id = null) =>
        _outbox.ExecuteAsync(new QueueCommand(verb, new QueueSelection(target, id)));

    private protected static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private protected static async Task<byte[]> ReadAsync(StoredDelivery delivery)
    {
        await using var stream = await delivery.Payload.OpenAsync();
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        if (stream is Payloads.IChecked check && await check.ChangedSinceOpenedAsync() is { } change)
            throw new IOException(change);
        return all.ToArray();
    }
}
