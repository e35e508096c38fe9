using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Protocols;
using ActorSockets.Storage.Tests.Support;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Storage.Tests;

/// <summary>A relay as a whole, over real sockets: what comes in, what goes on to each target, and what is left when it stops.</summary>
/// <param name="kind">Of the outbox's store.</param>
public abstract class RelaySpecs(string kind) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("relay-specs-").FullName;
    private readonly Socket _dead = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<object> _seen = [];
    private readonly SemaphoreSlim _more = new(0);
    private TestStore _place = null!;
    private ActorSystem _receivers = null!;
    private ActorSystem? _relay;
    private Dictionary<string, int> _targets = [];
    private Dictionary<string, int> _ports = [];

    private int DeadPort => ((IPEndPoint)_dead.LocalEndPoint!).Port;

    public async Task InitializeAsync()
    {
        _place = await TestStore.OfAsync(kind);
        foreach (var name in (string[])["berlin", "oslo", "raw"])
            Directory.CreateDirectory(Path.Combine(_directory, name));
        // Bound and not listening: connections are refused, and nobody else gets the port.
        _dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        (_receivers, _targets) = await StartAsync($$"""
            servers {
              berlin { protocol = deliveries, sink = file, directory = "{{_directory}}/berlin" }
              oslo { protocol = deliveries, sink = file, directory = "{{_directory}}/oslo" }
              picky { protocol = deliveries, sink = discard, max-length = 10 }
              raw { sink = file, receipt = on, directory = "{{_directory}}/raw" }
            }
            """);
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        await _receivers.Terminate();
        _dead.Dispose();
        await _place.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [StoreFact]
    public async Task Deliveries_go_to_every_target_once_with_their_names_and_bytes()
    {
        await RelayAsync("deliveries", "berlin", "oslo");
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        var payloads = Enumerable.Range(0, 30).Select(i => DeliveryClient.Payload(i * i * 300, seed: i)).ToArray();
        for (var i = 0; i < payloads.Length; i++)
            await client.DeliverAsync($"id-{i}", payloads[i], $" name=report%20{i}.pdf");
        for (var i = 0; i < payloads.Length; i++)
            Assert.Equal(DeliveryClient.Received($"id-{i}", payloads[i]), await client.HearAsync());
        for (var i = 0; i < 2 * payloads.Length; i++)
            await HearAsync<Deliveries.Delivered>();
        foreach (var target in (string[])["berlin", "oslo"])
        {
            Assert.Equal(payloads.Length, Stored(target).Length);
            for (var i = 0; i < payloads.Length; i++)
                Assert.Equal(payloads[i], await File.ReadAllBytesAsync(Path.Combine(_directory, target, $"report {i}.pdf")));
        }

        await StopAsync();
        Assert.Empty(await QueueAsync());
        Assert.Equal(0, await _place.CountLargeAsync());
    }

    [StoreFact]
    public async Task A_delivery_that_comes_again_is_known_and_not_handed_on_again_also_after_a_restart()
    {
        await RelayAsync("deliveries", "berlin");
        for (var i = 0; i < 2; i++)
        {
            using (var client = await DeliveryClient.ConnectAsync(_ports["in"]))
            {
                for (var again = 0; again < 2; again++)
                {
                    await client.DeliverAsync("x", "hello"u8.ToArray(), " name=x.txt");
                    Assert.Equal(DeliveryClient.Received("x", "hello"u8), await client.HearAsync());
                }

                await client.DeliverAsync("x", "other"u8.ToArray());
                Assert.StartsWith("never x id-in-use", await client.HearAsync(), StringComparison.Ordinal);
            }

            if (i == 0)
                await HearAsync<Deliveries.Delivered>();
            await StopAsync();
            await RelayAsync("deliveries", "berlin");
        }

        Assert.Equal(["x.txt"], Stored("berlin"));
    }

    [StoreTheory]
    [InlineData(5)]
    [InlineData(100_000)]
    public async Task A_delivery_that_comes_again_with_another_digest_is_compared_by_its_bytes(int length)
    {
        await RelayAsync("deliveries", "berlin");
        var payload = DeliveryClient.Payload(length);
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        foreach (var algorithm in (DigestAlgorithm[])[DigestAlgorithm.Sha256, DigestAlgorithm.Xxh128])
        {
            await client.DeliverAsync("x", payload, $" digest={Digest.NameOf(algorithm)}");
            Assert.Equal(DeliveryClient.Received("x", payload, algorithm), await client.HearAsync());
        }

        await client.DeliverAsync("x", DeliveryClient.Payload(length, seed: 2));
        Assert.StartsWith("never x id-in-use", await client.HearAsync(), StringComparison.Ordinal);
        await HearAsync<Deliveries.Delivered>();
        await StopAsync();
        Assert.Single(Stored("berlin"));
        Assert.Empty(await QueueAsync());
        Assert.Equal(0, await _place.CountLargeAsync());
    }

    [StoreFact]
    public async Task What_waits_when_the_relay_stops_goes_on_when_it_starts()
    {
        await RelayAsync("deliveries", "dead", "berlin");
        var payloads = Enumerable.Range(0, 20).Select(i => DeliveryClient.Payload(i * 10_000, seed: i)).ToArray();
        using (var client = await DeliveryClient.ConnectAsync(_ports["in"]))
        {
            for (var i = 0; i < payloads.Length; i++)
                await client.DeliverAsync($"id-{i}", payloads[i]);
            for (var i = 0; i < payloads.Length; i++)
                Assert.StartsWith("received", await client.HearAsync(), StringComparison.Ordinal);
        }

        // Each target at its own pace: berlin has all while the other refuses.
        for (var i = 0; i < payloads.Length; i++)
            await HearAsync<Deliveries.Delivered>();
        await HearAsync<Deliveries.BackingOff>();
        await StopAsync();
        Assert.Equal(payloads.Length, (await QueueAsync()).Count(entry => entry is { Target: "dead", State: DeliveryState.Queued }));

        // The same target, back at another address.
        _dead.Listen();
        await RelayAsync("deliveries", $"dead {{ port = {_targets["oslo"]}, protocol = deliveries }}", "dead", "berlin");
        // Sent in their order, and stored side by side.
        var delivered = new HashSet<string>();
        while (delivered.Count < payloads.Length)
            Assert.True(delivered.Add((await HearAsync<Deliveries.Delivered>()).Id));
        Assert.Equal(payloads.Length, Stored("oslo").Length);
        for (var i = 0; i < payloads.Length; i++)
            Assert.Equal(payloads[i], await File.ReadAllBytesAsync(Path.Combine(_directory, "oslo", $"id-{i}")));
    }

    [StoreTheory]
    [InlineData("raw")]
    [InlineData("berlin")]
    public async Task A_raw_connection_is_one_payload_and_its_receipt_comes_when_it_is_stored(string target)
    {
        await RelayAsync("raw, receipt = on", target);
        var payload = DeliveryClient.Payload(500_000);
        Assert.StartsWith("received 500000 sha256:", await SendRawAsync(payload), StringComparison.Ordinal);
        await HearAsync<Deliveries.Delivered>();
        Assert.Equal(payload, await File.ReadAllBytesAsync(Path.Combine(_directory, target, Stored(target).Single())));
    }

    [StoreFact]
    public async Task A_stream_that_broke_off_is_never_handed_on_as_whole()
    {
        await RelayAsync("raw, receipt = on", "raw");
        var random = new Random(5);
        for (var i = 0; i < 20; i++)
        {
            using var socket = await ConnectAsync();
            await socket.SendAsync(DeliveryClient.Payload(random.Next(1, 200_000)));
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Close();
            await HearAsync<ServerEvents.BrokenOff>();
        }

        await SendRawAsync("whole"u8.ToArray());
        await HearAsync<Deliveries.Delivered>();
        Assert.Equal("whole", await File.ReadAllTextAsync(Path.Combine(_directory, "raw", Stored("raw").Single())));
        await StopAsync();
        Assert.Empty(await QueueAsync());
        Assert.Equal(0, await _place.CountLargeAsync());
    }

    [StoreFact]
    public async Task A_delivery_that_breaks_off_is_not_handed_on_and_begins_again()
    {
        await RelayAsync("deliveries", "berlin");
        var payload = DeliveryClient.Payload(300_000);
        using (var lost = await DeliveryClient.ConnectAsync(_ports["in"]))
        {
            await lost.SayAsync("deliver x 300000\n");
            await lost.SayBodyAsync(payload.AsMemory(0, 200_000));
            lost.Reset();
        }

        await HearAsync<ServerEvents.Interrupted>();
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.SayAsync("resume x 300000\n");
        Assert.Equal("from x 0", await client.HearAsync());
        await client.SayBodyAsync(payload);
        await client.SayAsync("end\n");
        Assert.Equal(DeliveryClient.Received("x", payload), await client.HearAsync());
        await HearAsync<Deliveries.Delivered>();
        Assert.Equal(payload, await File.ReadAllBytesAsync(Path.Combine(_directory, "berlin", "x")));
    }

    [StoreFact]
    public async Task A_target_that_refuses_for_good_gets_the_next_one_and_the_refused_one_can_be_tried_again()
    {
        await RelayAsync("deliveries", "picky");
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.DeliverAsync("long", DeliveryClient.Payload(100));
        await client.DeliverAsync("short", DeliveryClient.Payload(10));
        Assert.Equal("long", (await HearAsync<Deliveries.Failed>()).Id);
        Assert.Equal("short", (await HearAsync<Deliveries.Delivered>()).Id);
        using (var queue = await _place.OpenQueueAsync())
        {
            QueueEntry? failed;
            while ((failed = (await queue.ListAsync(new QueueSelection(), null, 10)) is [var only] ? only : null) is not { State: DeliveryState.Failed })
                await Task.Yield();
            Assert.Equal((1, "RefusedForGood"), (failed.Attempts, failed.Kind));
            Assert.Contains("too-long", failed.Reason, StringComparison.Ordinal);
            Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Retry, new QueueSelection("picky", "long")), Patience));
        }

        Assert.Equal("long", (await HearAsync<Deliveries.Failed>()).Id);
    }

    [StoreFact]
    public async Task A_person_holds_a_target_and_releases_it_while_the_relay_runs()
    {
        await RelayAsync("deliveries", "berlin", "oslo");
        using var queue = await _place.OpenQueueAsync();
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Hold, new QueueSelection("berlin")), Patience));
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.DeliverAsync("1", "hello"u8.ToArray());
        await client.DeliverAsync("2", "hello"u8.ToArray());
        Assert.Equal("oslo", (await HearAsync<Deliveries.Delivered>()).Target);
        Assert.Equal("oslo", (await HearAsync<Deliveries.Delivered>()).Target);
        Assert.True((await queue.LinesAsync()).Single(line => line.Target == "berlin") is { IsHeld: true, Figures.Waiting: 2 });
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, new QueueSelection("berlin", "1")), Patience));
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Release, new QueueSelection("berlin")), Patience));
        Assert.Equal(("berlin", "2"), await HearAsync<Deliveries.Delivered>() is var delivered ? (delivered.Target, delivered.Id) : default);
        Assert.Equal(["2"], Stored("berlin"));
    }

    [StoreFact]
    public async Task A_delivery_that_is_held_while_it_backs_off_is_not_tried_until_it_is_released()
    {
        await RelayAsync("deliveries", "dead");
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.DeliverAsync("1", "hello"u8.ToArray());
        await HearAsync<Deliveries.BackingOff>();
        using var queue = await _place.OpenQueueAsync();
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Hold, new QueueSelection("dead", "1")), Patience));
        Assert.Equal("1", (await HearAsync<Deliveries.Withdrawn>()).Id);
        await client.DeliverAsync("2", "hello"u8.ToArray());
        while ((await HearAsync<Deliveries.BackingOff>()).Id != "2")
        {
        }

        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Release, new QueueSelection("dead", "1")), Patience));
        while ((await HearAsync<Deliveries.BackingOff>()).Id != "1")
        {
        }
    }

    [StoreFact]
    public async Task A_full_outbox_answers_later_rejects_code_and_goes_on_when_there_is_room()
    {
        await RelayAsync("deliveries", "outbox.per-target.max-deliveries = 3", "berlin { durable = on }", "dead");
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        for (var i = 0; i < 3; i++)
        {
            await client.DeliverAsync($"{i}", "hello"u8.ToArray());
            Assert.StartsWith("received", await client.HearAsync(), StringComparison.Ordinal);
        }

        await client.DeliverAsync("3", "hello"u8.ToArray());
        Assert.Equal("later 3 full no room", await client.HearAsync());
        var rejected = Assert.IsType<Deliveries.Rejected>(await SendAsync("dead", new TextPayload("hello")));
        Assert.Contains("the outbox is full: 3 deliveries wait for dead (outbox.per-target.max-deliveries)", rejected.Reason, StringComparison.Ordinal);
        Assert.Contains("wait for dead", (await HearAsync<OutboxEvents.OutboxFull>()).Limit, StringComparison.Ordinal);
        // A target that is down takes no room of another one's.
        Assert.IsType<Deliveries.Kept>(await SendAsync("berlin", new TextPayload("hello")));

        using var queue = await _place.OpenQueueAsync();
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, new QueueSelection("dead", "0")), Patience));
        await HearAsync<OutboxEvents.OutboxHasRoom>();
        await client.DeliverAsync("3", "hello"u8.ToArray());
        Assert.Equal(DeliveryClient.Received("3", "hello"u8), await client.HearAsync());
    }

    [StoreFact]
    public async Task A_raw_client_of_a_full_outbox_is_not_read_until_there_is_room()
    {
        await RelayAsync("raw, receipt = on", "outbox.per-target.max-deliveries = 1", "dead");
        await SendRawAsync("first"u8.ToArray());
        var second = SendRawAsync(DeliveryClient.Payload(20_000_000));
        while ((await HearAsync<ServerEvents.Accepted>()).Server != "in")
        {
        }

        using var queue = await _place.OpenQueueAsync();
        Assert.False(second.IsCompleted);
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, new QueueSelection("dead")), Patience));
        Assert.StartsWith("received 20000000", await second, StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task Payloads_above_the_limit_of_bytes_are_refused_and_raw_ones_do_not_wait_for_ever()
    {
        await RelayAsync("deliveries", "outbox.max-bytes = 1MiB", "dead");
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.SayAsync("resume big 2000000\n");
        Assert.StartsWith("never big too-long", await client.HearAsync(), StringComparison.Ordinal);
        await StopAsync();
        await RelayAsync("raw, receipt = on", "outbox.max-bytes = 1MiB", "dead");
        await Assert.ThrowsAnyAsync<Exception>(() => SendRawAsync(DeliveryClient.Payload(2_000_000)));
        Assert.Contains("outbox is full", (await HearAsync<ServerEvents.BrokenOff>()).Reason, StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task Of_raw_payloads_that_have_no_room_together_one_breaks_off_and_the_other_is_stored()
    {
        await RelayAsync("raw, receipt = on", "outbox.max-bytes = 1MiB", "dead");
        await SendRawAsync("small"u8.ToArray());
        var oneGaveUp = new TaskCompletionSource();
        var uploads = Enumerable.Range(0, 2).Select(_ => SendRawAsync(DeliveryClient.Payload(700_000), oneGaveUp.Task)).ToArray();
        Assert.Contains("outbox is full", (await HearAsync<ServerEvents.BrokenOff>()).Reason, StringComparison.Ordinal);
        oneGaveUp.SetResult();
        var receipts = await Task.WhenAll(uploads.Select(upload => upload.ContinueWith(ended => ended.IsCompletedSuccessfully ? ended.Result : "", TaskScheduler.Default)));
        Assert.Single(receipts, receipt => receipt.StartsWith("received 700000 ", StringComparison.Ordinal));
    }

    [StoreFact]
    public async Task A_receipt_after_delivered_waits_for_every_target_and_tells_of_those_that_failed()
    {
        await RelayAsync("deliveries, receipt-after = delivered", "picky", "berlin");
        using (var client = await DeliveryClient.ConnectAsync(_ports["in"]))
        {
            await client.DeliverAsync("short", DeliveryClient.Payload(10));
            Assert.StartsWith("received short", await client.HearAsync(), StringComparison.Ordinal);
            Assert.Equal(["short"], Stored("berlin"));
            await client.DeliverAsync("long", DeliveryClient.Payload(11));
            Assert.Equal("never long failed not delivered to picky", await client.HearAsync());
            await client.SayAsync("resume long 11\n");
            Assert.Equal("never long failed not delivered to picky", await client.HearAsync());
        }

        await StopAsync();
        await RelayAsync("deliveries, receipt-after = delivered", "dead");
        using (var client = await DeliveryClient.ConnectAsync(_ports["in"]))
        {
            await client.DeliverAsync("waits", DeliveryClient.Payload(10));
            await HearAsync<Deliveries.BackingOff>();
            // A stop does not wait for it, and says so.
            await Task.WhenAll(StopAsync(), HearEndAsync(client));
        }

        Assert.Equal("waits", (await QueueAsync()).Last(entry => entry.State == DeliveryState.Queued).Id);

        static async Task HearEndAsync(DeliveryClient client)
        {
            try
            {
                Assert.StartsWith("later waits", await client.HearAsync() ?? "later waits", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                // The end of the program came first.
            }
        }
    }

    [StoreFact]
    public async Task A_client_that_waits_for_a_delivery_that_a_person_cancels_hears_that_it_was_not_delivered()
    {
        await RelayAsync("deliveries, receipt-after = delivered", "dead");
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.DeliverAsync("x", DeliveryClient.Payload(10));
        await HearAsync<Deliveries.BackingOff>();
        using var queue = await _place.OpenQueueAsync();
        Assert.Equal(1, await queue.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, new QueueSelection(Id: "x")), Patience));
        Assert.Equal("never x failed not delivered to dead", await client.HearAsync());
    }

    [StoreTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_has_gone_before_the_target_has_its_payload_holds_no_connection(bool ends)
    {
        await RelayAsync("deliveries, receipt-after = delivered, idle-timeout = 1s", "dead");
        using (var client = await DeliveryClient.ConnectAsync(_ports["in"]))
        {
            await client.DeliverAsync("x", DeliveryClient.Payload(10));
            if (ends)
                await client.FinishAsync();
            await HearAsync<Deliveries.BackingOff>();
            client.Reset();
        }

        await HearAsync<ServerEvents.BrokenOff>();
        Assert.Equal("x", (await HearAsync<ServerEvents.Stored>()).Id);
        // Each asks what became of it, and waits until the next one does.
        for (var i = 0; i < 3; i++)
        {
            using var former = await DeliveryClient.ConnectAsync(_ports["in"]);
            await former.SayAsync("resume x 10\n");
            using var latter = await DeliveryClient.ConnectAsync(_ports["in"]);
            await latter.SayAsync("resume x 10\n");
            await HearAsync<ServerEvents.BrokenOff>();
            former.Reset();
            latter.Reset();
            await HearAsync<ServerEvents.BrokenOff>();
        }

        await StopAsync();
        Assert.Equal(DeliveryState.Queued, Assert.Single(await QueueAsync()).State);
    }

    [StoreFact]
    public async Task A_raw_client_that_has_gone_before_the_target_has_its_payload_holds_no_connection()
    {
        await RelayAsync("raw, receipt = on, receipt-after = delivered, idle-timeout = 1s", "dead");
        using (var socket = await ConnectAsync())
        {
            await socket.SendAsync("hello"u8.ToArray());
            socket.Shutdown(SocketShutdown.Send);
            await HearAsync<Deliveries.BackingOff>();
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        Assert.Equal(5, (await HearAsync<ServerEvents.ReceiptLost>()).Bytes);
        await StopAsync();
        Assert.Equal(DeliveryState.Queued, Assert.Single(await QueueAsync()).State);
    }

    [StoreFact]
    public async Task Ids_of_clients_with_certificates_do_not_meet_at_the_target()
    {
        using var pki = new TestPki();
        await RelayAsync($"deliveries, receipt-after = delivered\n{pki.MutualTls}", "berlin");
        using var a = await DeliveryClient.ConnectAsync(_ports["in"], As("a"));
        using var b = await DeliveryClient.ConnectAsync(_ports["in"], As("b"));
        for (var again = 0; again < 2; again++)
        {
            await a.DeliverAsync("backup-17", "of a"u8.ToArray());
            Assert.Equal(DeliveryClient.Received("backup-17", "of a"u8), await a.HearAsync());
            await b.DeliverAsync("backup-17", "of b"u8.ToArray());
            Assert.Equal(DeliveryClient.Received("backup-17", "of b"u8), await b.HearAsync());
        }

        var longest = new string('x', 128);
        await b.DeliverAsync(longest, "long"u8.ToArray(), " name=long.txt");
        Assert.Equal(DeliveryClient.Received(longest, "long"u8), await b.HearAsync());
        Assert.Equal(["backup-17", "backup-17-2", "long.txt"], Stored("berlin"));
        Assert.Equal("of a", await File.ReadAllTextAsync(Path.Combine(_directory, "berlin", "backup-17")));
        Assert.StartsWith("backup-17.", (await HearAsync<Deliveries.Delivered>()).Id, StringComparison.Ordinal);

        SslClientAuthenticationOptions As(string name) => Client(pki, name);
    }

    [StoreFact]
    public async Task A_client_with_a_certificate_that_asks_again_hears_of_its_own_delivery_also_of_one_that_an_older_version_stored()
    {
        using var pki = new TestPki();
        await using (var store = _place.Open())
        {
            // As before ids belonged to the subject at the target, too.
            var outbox = store.OpenOutbox(new OutboxLimits(1L << 40, 1_000, 1L << 40, 1_000));
            await using var payload = outbox.Begin();
            await payload.WriteAsync(DeliveryClient.Payload(11));
            await payload.CompleteAsync();
            await outbox.SubmitAsync(new Submission(payload, [new NewDelivery("picky", "old")], new LedgerEntry
            {
                Key = new DeliveryKey("in/CN=a", "old"),
                State = LedgerState.Received,
                Length = 11,
                Digest = DeliveryClient.DigestOf(DeliveryClient.Payload(11)).ToString(),
                Offset = 11,
                At = DateTime.UtcNow,
            }));
        }

        await RelayAsync($"deliveries, receipt-after = delivered\n{pki.MutualTls}", "picky");
        using var a = await DeliveryClient.ConnectAsync(_ports["in"], Client(pki, "a"));
        await a.DeliverAsync("new", DeliveryClient.Payload(11));
        Assert.Equal("never new failed not delivered to picky", await a.HearAsync());
        foreach (var id in (string[])["old", "new"])
        {
            await a.SayAsync($"resume {id} 11\n");
            Assert.Equal($"never {id} failed not delivered to picky", await a.HearAsync());
            await a.DeliverAsync(id, DeliveryClient.Payload(11));
            Assert.Equal($"never {id} failed not delivered to picky", await a.HearAsync());
        }
    }

    [StoreFact]
    public async Task A_payload_that_was_damaged_is_set_aside_and_the_next_one_goes()
    {
        await RelayAsync("deliveries", "dead");
        await DeliverAsync("damaged", DeliveryClient.Payload(100_000));
        await StopAsync();
        await using (var store = _place.Open())
            await _place.DamageAsync(store);
        await RelayAsync("deliveries", "dead");
        await DeliverAsync("fine", DeliveryClient.Payload(100_000, seed: 2));
        await StopAsync();
        await RelayAsync("deliveries", $"dead {{ port = {_targets["berlin"]}, protocol = deliveries }}", "dead");
        var failed = await HearAsync<Deliveries.Failed>();
        Assert.Equal(("damaged", FailureKind.Payload), (failed.Id, failed.Kind));
        Assert.Contains("the outbox's copy of the payload is damaged", failed.Reason, StringComparison.Ordinal);
        Assert.Equal("fine", (await HearAsync<Deliveries.Delivered>()).Id);
        Assert.Equal(["fine"], Stored("berlin"));
    }

    [StoreFact]
    public async Task A_delivery_that_is_too_old_fails_with_its_attempt_and_is_kept()
    {
        await RelayAsync("deliveries", "outbox.give-up-after = 1ms", "dead");
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.DeliverAsync("x", "hello"u8.ToArray());
        var failed = await HearAsync<Deliveries.Failed>();
        Assert.StartsWith("not delivered within 1 ms (outbox.give-up-after); last failure:", failed.Reason, StringComparison.Ordinal);
        await StopAsync();
        Assert.Equal(DeliveryState.Failed, (await QueueAsync()).Single().State);
    }

    [StoreFact]
    public async Task A_program_hands_deliveries_over_in_order_and_once()
    {
        await RelayAsync("raw", "raw", "berlin");
        var library = ActorSocketsExtension.For(_relay!);
        var kept = Enumerable.Range(0, 50).Select(i => library.Ref.Ask<Deliveries.IAnswer>(new Deliveries.Deliver($"{i}", "raw", new TextPayload($"payload {i}")))).ToArray();
        foreach (var answer in await Task.WhenAll(kept))
            Assert.IsType<Deliveries.Kept>(answer);
        for (var i = 0; i < 50; i++)
            Assert.Equal($"{i}", (await HearAsync<Deliveries.Delivered>()).Id);
        Assert.Equal(50, Stored("raw").Length);

        using var stream = Payload.FromStream(() => new MemoryStream(DeliveryClient.Payload(100_000)));
        Assert.IsType<Deliveries.Kept>(await SendAsync("raw", stream));
        Assert.Equal(100_000, (await HearAsync<Deliveries.Delivered>()).Report.Length);

        library.Ref.Tell(new Deliveries.Deliver("again", "berlin", new FilePayload(Path.Combine(_directory, "nothing"))));
        Assert.Contains("nothing", (await HearAsync<Deliveries.Rejected>()).Reason, StringComparison.Ordinal);
    }

    [StoreFact]
    public async Task Ids_that_a_targets_new_protocol_does_not_have_are_set_aside_and_the_next_ones_go()
    {
        await RelayAsync("raw", "dead", "dead.protocol = raw");
        for (var i = 0; i < 10; i++)
            Assert.IsType<Deliveries.Kept>(await ActorSocketsExtension.For(_relay!).Ref.Ask<Deliveries.IAnswer>(new Deliveries.Deliver($"order #{i}", "dead", new TextPayload("hello"))));
        await StopAsync();

        await RelayAsync("raw", "dead", $"dead {{ port = {_targets["berlin"]}, window = 1 }}");
        Assert.IsType<Deliveries.Kept>(await ActorSocketsExtension.For(_relay!).Ref.Ask<Deliveries.IAnswer>(new Deliveries.Deliver("next", "dead", new TextPayload("hello"))));
        Assert.Equal("next", (await HearAsync<Deliveries.Delivered>()).Id);
        await StopAsync();
        var queue = await QueueAsync();
        Assert.Equal(10, queue.Count);
        Assert.All(queue, entry => Assert.Equal((DeliveryState.Failed, "Protocol"), (entry.State, entry.Kind)));
    }

    [StoreFact]
    public async Task A_program_cancels_what_it_handed_over()
    {
        await RelayAsync("raw", "dead");
        var library = ActorSocketsExtension.For(_relay!);
        Assert.IsType<Deliveries.Kept>(await library.Ref.Ask<Deliveries.IAnswer>(new Deliveries.Deliver("1", "dead", new TextPayload("hello"))));
        Assert.IsType<Deliveries.Kept>(await library.Ref.Ask<Deliveries.IAnswer>(new Deliveries.Deliver("1", "dead", new TextPayload("hello"))));
        Assert.IsType<Deliveries.Rejected>(await library.Ref.Ask<Deliveries.IAnswer>(new Deliveries.Deliver("1", "dead", new TextPayload("other"))));
        await HearAsync<Deliveries.BackingOff>();
        Assert.IsType<Deliveries.Cancelled>(await library.Ref.Ask<object>(new Deliveries.Cancel("1", "dead")));
        Assert.Equal(FailureKind.Cancelled, (await HearAsync<Deliveries.Failed>()).Kind);
        Assert.IsType<Deliveries.NotCancelled>(await library.Ref.Ask<object>(new Deliveries.Cancel("1", "dead")));
    }

    [StoreFact]
    public async Task An_outbox_that_another_process_has_is_an_error_of_every_relay()
    {
        await using var other = _place.Open();
        var system = ActorSystem.Create("second", Settings("raw", [], "dead"));
        var library = ActorSocketsExtension.For(system);
        var failed = Assert.Single((await library.WhenBoundAsync()).Failed);
        Assert.Contains($"process {Environment.ProcessId}", failed.Reason, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LedgerException>(library.WhenOutboxIsOpenAsync);
        Assert.IsType<Deliveries.Rejected>(await library.SendAsync("dead", new TextPayload("hello")));
        await system.Terminate();
    }

    private Task<Deliveries.IAnswer> SendAsync(string target, Payload payload) => ActorSocketsExtension.For(_relay!).SendAsync(target, payload);

    /// <summary>Starts the relay.</summary>
    /// <param name="server">Its protocol, and more settings of the server.</param>
    /// <param name="more">Names of targets, and settings, which have a '='.</param>
    private async Task RelayAsync(string server, params string[] more)
    {
        var settings = more.Where(text => text.Contains('=', StringComparison.Ordinal)).ToArray();
        _relay = ActorSystem.Create("relay", Settings(server, settings, [.. more.Except(settings)]));
        var library = ActorSocketsExtension.For(_relay);
        _ = WatchAsync(library);
        var bound = await library.WhenBoundAsync();
        Assert.Empty(bound.Failed);
        _ports = bound.Bound.ToDictionary(b => b.Server, b => b.Endpoint.Port);
    }

    private Config Settings(string server, string[] settings, params string[] targets)
    {
        var library = string.Join('\n', settings.Where(text => text.StartsWith("outbox", StringComparison.Ordinal)));
        var others = string.Join('\n', settings.Where(text => !text.StartsWith("outbox", StringComparison.Ordinal)));
        return ConfigurationFactory.ParseString($$"""
            actor-sockets {
              {{_place.Hocon}}
              {{library}}
              servers.in { sink = relay, relay-to = [{{string.Join(", ", targets)}}], protocol = {{server}} }
              target-defaults { backoff { min = 1ms, max = 50ms } }
              targets {
                dead { port = {{DeadPort}}, protocol = deliveries }
                berlin { port = {{_targets["berlin"]}}, protocol = deliveries }
                oslo { port = {{_targets["oslo"]}}, protocol = deliveries }
                picky { port = {{_targets["picky"]}}, protocol = deliveries }
                raw { port = {{_targets["raw"]}}, confirm = receipt }
                {{others}}
              }
            }
            """);
    }

    private static async Task<(ActorSystem System, Dictionary<string, int> Ports)> StartAsync(string settings)
    {
        var system = ActorSystem.Create("receivers", ConfigurationFactory.ParseString($"actor-sockets {{ {settings} }}"));
        var bound = await ActorSocketsExtension.For(system).WhenBoundAsync();
        Assert.Empty(bound.Failed);
        return (system, bound.Bound.ToDictionary(b => b.Server, b => b.Endpoint.Port));
    }

    private async Task StopAsync()
    {
        if (_relay is null)
            return;
        var library = ActorSocketsExtension.For(_relay);
        await library.DrainAsync();
        await _relay.Terminate();
        await library.WhenOutboxIsClosedAsync();
        _relay = null;
        lock (_seen)
            _seen.Clear();
    }

    private string[] Stored(string target) => [.. Directory.GetFiles(Path.Combine(_directory, target)).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private async Task<IReadOnlyList<QueueEntry>> QueueAsync()
    {
        using var queue = await _place.OpenQueueAsync();
        return await queue.ListAsync(new QueueSelection(), null, 1000);
    }

    private static SslClientAuthenticationOptions Client(TestPki pki, string name)
    {
        var (certificate, key) = pki.Issue(name);
        var trusts = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trusts.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(pki.CaFile));
        return new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = trusts,
            ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificate, key), null, offline: true),
        };
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _ports["in"]);
        return socket;
    }

    private async Task DeliverAsync(string id, byte[] payload)
    {
        using var client = await DeliveryClient.ConnectAsync(_ports["in"]);
        await client.DeliverAsync(id, payload);
        Assert.Equal(DeliveryClient.Received(id, payload), await client.HearAsync());
    }

    private async Task<string> SendRawAsync(ReadOnlyMemory<byte> payload, Task? mayEnd = null)
    {
        using var socket = await ConnectAsync();
        using var reader = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
        while (!payload.IsEmpty)
            payload = payload[await socket.SendAsync(payload)..];
        await (mayEnd ?? Task.CompletedTask);
        socket.Shutdown(SocketShutdown.Send);
        return await reader.ReadToEndAsync().WaitAsync(Patience);
    }

    private async Task WatchAsync(ActorSocketsExtension library)
    {
        await foreach (var happened in library.Events())
        {
            lock (_seen)
                _seen.Add(happened);
            _more.Release();
        }
    }

    /// <summary>The next such event that was not heard before.</summary>
    private async Task<T> HearAsync<T>() where T : class
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            lock (_seen)
            {
                if (_seen.OfType<T>().FirstOrDefault() is { } found)
                {
                    _seen.Remove(found);
                    return found;
                }
            }

            try
            {
                await _more.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                lock (_seen)
                    Assert.Fail($"no {typeof(T).Name} among the last events: {string.Join('\n', _seen.TakeLast(20))}");
            }
        }
    }
}

/// <summary>A relay whose outbox is a directory.</summary>
public sealed class SqliteRelaySpecs() : RelaySpecs("sqlite");

/// <summary>A relay whose outbox is in PostgreSQL.</summary>
public sealed class PostgresRelaySpecs() : RelaySpecs("postgresql");
