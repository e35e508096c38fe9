using System.Globalization;
using ActorSockets.Events;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Storage.Tests;

/// <summary>The program's receiving side as a whole: servers of the deliveries protocol over real sockets, into a directory.</summary>
public sealed class DeliveryInboxSpecs : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("delivery-inbox-specs-").FullName;
    private readonly List<object> _seen = [];
    private readonly SemaphoreSlim _more = new(0);
    private ActorSystem? _system;
    private Dictionary<string, int> _ports = [];

    public Task InitializeAsync() => StartAsync("a { }");

    public async Task DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Deliveries_have_their_names_and_every_byte_and_are_stored_once()
    {
        using var client = await DeliveryClient.ConnectAsync(_ports["a"]);
        var payloads = Enumerable.Range(0, 60).Select(i => DeliveryClient.Payload(i * i * 100, seed: i)).ToArray();
        for (var i = 0; i < payloads.Length; i++)
            await client.DeliverAsync(Id(i), payloads[i], $" name=report%20{i}.pdf");
        for (var i = 0; i < payloads.Length; i++)
            Assert.Equal(DeliveryClient.Received(Id(i), payloads[i]), await client.HearAsync());
        for (var i = 0; i < payloads.Length; i++)
        {
            await client.SayAsync($"resume {Id(i)} {payloads[i].Length}\n");
            Assert.Equal(DeliveryClient.Received(Id(i), payloads[i]), await client.HearAsync());
            Assert.Equal(payloads[i], await File.ReadAllBytesAsync(Path.Combine(_directory, $"report {i}.pdf")));
        }

        Assert.Equal(60, Names().Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" digest=sha256")]
    public async Task A_lost_connection_is_resumed_where_the_bytes_end(string fields)
    {
        var payload = DeliveryClient.Payload(3_000_000);
        using (var lost = await DeliveryClient.ConnectAsync(_ports["a"]))
        {
            await lost.SayAsync($"deliver x 3000000 name=big{fields}\n");
            await lost.SayBodyAsync(payload.AsMemory(0, 1_000_000));
            await lost.FinishAsync();
            await Assert.ThrowsAnyAsync<IOException>(lost.HearAsync);
        }

        var interrupted = await HearAsync<ServerEvents.Interrupted>();
        Assert.Equal((1_000_000, "big"), (interrupted.Kept, interrupted.Name));
        await RestartAsync("a { }");
        Assert.Empty(Names());
        using var client = await DeliveryClient.ConnectAsync(_ports["a"]);
        await client.SayAsync($"resume x 3000000 name=big{fields}\n");
        Assert.Equal("from x 1000000", await client.HearAsync());
        await client.SayBodyAsync(payload.AsMemory(1_000_000));
        await client.SayAsync("end\n");
        Assert.Equal(DeliveryClient.Received("x", payload, fields.Length > 0 ? Protocols.DigestAlgorithm.Sha256 : Protocols.DigestAlgorithm.Xxh128), await client.HearAsync());
        var stored = await HearAsync<ServerEvents.Stored>();
        Assert.Equal((1_000_000, Path.Combine(_directory, "big")), (stored.ResumedFrom, stored.StoredAs));
        Assert.Equal(payload, await File.ReadAllBytesAsync(stored.StoredAs!));
    }

    [Fact]
    public async Task Resets_at_any_byte_end_in_one_file_each_and_what_is_kept_never_shrinks()
    {
        var random = new Random(7);
        var payload = DeliveryClient.Payload(400_000);
        long kept = 0;
        for (var i = 0; i < 30; i++)
        {
            using var client = await DeliveryClient.ConnectAsync(_ports["a"]);
            await client.SayAsync($"resume x {payload.Length} name=x\n");
            var from = long.Parse((await client.HearAsync())!["from x ".Length..], CultureInfo.InvariantCulture);
            Assert.InRange(from, kept, payload.Length);
            kept = from;
            var count = random.Next(0, 30_000);
            await client.SayBodyAsync(payload.AsMemory((int)from, (int)Math.Min(count, payload.Length - from)), chunk: 1 + random.Next(9000));
            client.Reset();
            Assert.InRange((await HearAsync<ServerEvents.Interrupted>()).Kept, kept, payload.Length);
        }

        using var last = await DeliveryClient.ConnectAsync(_ports["a"]);
        await last.SayAsync($"resume x {payload.Length} name=x\n");
        var rest = int.Parse((await last.HearAsync())!["from x ".Length..], CultureInfo.InvariantCulture);
        Assert.InRange(rest, 1, payload.Length);
        await last.SayBodyAsync(payload.AsMemory(rest));
        await last.SayAsync("end\n");
        Assert.Equal(DeliveryClient.Received("x", payload), await last.HearAsync());
        Assert.Equal(["x"], Names());
        Assert.Equal(payload, await File.ReadAllBytesAsync(Path.Combine(_directory, "x")));
    }

    [Fact]
    public async Task The_newer_connection_goes_on_where_the_half_open_older_one_ended()
    {
        var payload = DeliveryClient.Payload(200_000);
        using var older = await DeliveryClient.ConnectAsync(_ports["a"]);
        await older.SayAsync("resume x 200000 name=x\n");
        Assert.Equal("from x 0", await older.HearAsync());
        await older.SayBodyAsync(payload.AsMemory(0, 150_000));
        using var newer = await DeliveryClient.ConnectAsync(_ports["a"]);
        await newer.SayAsync("resume x 200000 name=x\n");
        var from = int.Parse((await newer.HearAsync())!["from x ".Length..], CultureInfo.InvariantCulture);
        await Assert.ThrowsAnyAsync<IOException>(older.HearAsync);
        Assert.Equal(from, (await HearAsync<ServerEvents.Interrupted>()).Kept);
        await newer.SayBodyAsync(payload.AsMemory(from));
        await newer.SayAsync("end\n");
        Assert.Equal(DeliveryClient.Received("x", payload), await newer.HearAsync());
        Assert.Equal(payload, await File.ReadAllBytesAsync(Path.Combine(_directory, "x")));
    }

    [Fact]
    public async Task Two_servers_with_one_directory_know_the_same_deliveries()
    {
        await RestartAsync("a { }\n b { }");
        using var one = await DeliveryClient.ConnectAsync(_ports["a"]);
        using var other = await DeliveryClient.ConnectAsync(_ports["b"]);
        await one.DeliverAsync("x", "hello"u8.ToArray(), " name=x");
        Assert.Equal(DeliveryClient.Received("x", "hello"u8), await one.HearAsync());
        await other.DeliverAsync("x", "hello"u8.ToArray(), " name=x");
        Assert.Equal(DeliveryClient.Received("x", "hello"u8), await other.HearAsync());
        Assert.Equal(["x"], Names());
    }

    [Fact]
    public async Task A_cancelled_delivery_begins_again_and_a_name_that_is_taken_is_refused_where_it_is_to_be()
    {
        await RestartAsync("a { name-conflict = refuse }");
        await File.WriteAllTextAsync(Path.Combine(_directory, "taken"), "");
        using var client = await DeliveryClient.ConnectAsync(_ports["a"]);
        await client.SayAsync("deliver x 100000 name=x\n");
        await client.SayBodyAsync(new byte[60_000]);
        await client.SayAsync("abort\n");
        Assert.Equal("later x aborted", await client.HearAsync());
        await client.SayAsync("resume x 100000 name=x\n");
        Assert.Equal("from x 60000", await client.HearAsync());
        await client.SayAsync("abort\n");
        Assert.Equal("later x aborted", await client.HearAsync());
        await client.SayAsync("cancel x\nresume x 100000 name=x\n");
        Assert.Equal("from x 0", await client.HearAsync());
        await client.SayAsync("abort\nresume y 5 name=taken\n");
        Assert.Equal("later x aborted", await client.HearAsync());
        Assert.StartsWith("never y bad-name", await client.HearAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_another_process_has_is_an_error_of_the_start()
    {
        using var other = ActorSystem.Create("other", Settings("c { }"));
        var bound = await ActorSocketsExtension.For(other).WhenBoundAsync();
        Assert.Contains(_directory, Assert.Single(bound.Failed).Reason, StringComparison.Ordinal);
        await other.Terminate();
    }

    [Fact]
    public async Task A_directory_is_free_when_the_last_of_its_servers_is_removed()
    {
        await RestartAsync("a { }\n b { }");
        var library = ActorSocketsExtension.For(_system!);
        await library.RemoveServerAsync("a");
        using (var client = await DeliveryClient.ConnectAsync(_ports["b"]))
        {
            await client.DeliverAsync("x", "hello"u8.ToArray(), " name=x");
            Assert.Equal(DeliveryClient.Received("x", "hello"u8), await client.HearAsync());
        }

        await library.RemoveServerAsync("b");
        using var other = ActorSystem.Create("other", Settings("c { }"));
        Assert.Empty((await ActorSocketsExtension.For(other).WhenBoundAsync()).Failed);
        await other.Terminate();
        var port = (await library.AddServerAsync(library.Settings.NewServer("d", "127.0.0.1", 0))).Port;
        using var again = await DeliveryClient.ConnectAsync(port);
        await again.SayAsync("resume x 5\n");
        Assert.Equal(DeliveryClient.Received("x", "hello"u8), await again.HearAsync());
    }

    [Fact]
    public async Task An_inbox_that_stops_while_deliveries_arrive_keeps_what_came()
    {
        using var client = await DeliveryClient.ConnectAsync(_ports["a"]);
        await client.SayAsync("resume x 100000 name=x\n");
        await client.HearAsync();
        await client.SayBodyAsync(new byte[60_000], chunk: 60_000);
        using var patience = new CancellationTokenSource(Patience);
        while (Directory.GetFiles(Path.Combine(_directory, ".actorsockets", "partial")).Sum(path => new FileInfo(path).Length) < 60_000)
            await Task.Delay(10, patience.Token);
        await ActorSocketsExtension.For(_system!).CutOffAsync();
        Assert.Equal(60_000, (await HearAsync<ServerEvents.Interrupted>()).Kept);
        await RestartAsync("a { }");
        using var again = await DeliveryClient.ConnectAsync(_ports["a"]);
        await again.SayAsync("resume x 100000 name=x\n");
        Assert.Equal("from x 60000", await again.HearAsync());
    }

    private string[] Names() => [.. Directory.GetFiles(_directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static string Id(int i) => string.Create(CultureInfo.InvariantCulture, $"id-{i}");

    private Config Settings(string servers) => ConfigurationFactory.ParseString($$"""
        akka { loglevel = OFF, stdout-loglevel = OFF }
        actor-sockets {
          servers { {{servers}} }
          server-defaults { protocol = deliveries, sink = file, directory = "{{_directory}}" }
        }
        """);

    private async Task StartAsync(string servers)
    {
        _system = ActorSystem.Create("specs", Settings(servers));
        var library = ActorSocketsExtension.For(_system);
        _ = WatchAsync(library);
        // The directory may still be let go of.
        var bound = await library.WhenBoundAsync();
        Assert.Empty(bound.Failed);
        _ports = bound.Bound.ToDictionary(b => b.Server, b => b.Endpoint.Port);
    }

    private async Task StopAsync()
    {
        var library = ActorSocketsExtension.For(_system!);
        await library.CutOffAsync();
        await _system!.Terminate();
    }

    private async Task RestartAsync(string servers)
    {
        await StopAsync();
        lock (_seen)
            _seen.Clear();
        await StartAsync(servers);
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

            Assert.True(await _more.WaitAsync(Patience), $"no {typeof(T).Name}");
        }
    }
}
