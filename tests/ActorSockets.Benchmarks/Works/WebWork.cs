using System.Net;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>What the web server costs: a bulk send beside a scraper and a page that ask each second, a start, and a page of many targets.</summary>
internal static class WebWork
{
    private const string Without = "without web";
    private const string Web = "--set=actor-sockets.web.enabled=on", AnyPort = "--set=actor-sockets.web.port=0";

    private const int Targets = 1_000;
    private const long Endless = 1L << 40;

    // Until every socket buffer is full, and what is compiled at the start is.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var bulk = new Contest($"web server on, /metrics and /api/overview asked each second, send, generated, {bench.Size}", new Metric("at the sink", "MiB/s"))
        {
            Timeout = bench.BulkTimeout,
            Goals = [Goal.AtLeast(0.99, Without)],
        };
        bulk.Add(Contest.Ours, null, timeout => SendAsync([Web, AnyPort], timeout));
        bulk.Add("metrics alone", null, timeout => SendAsync(["--set=actor-sockets.metrics.enabled=on"], timeout));
        bulk.Add(Without, null, timeout => SendAsync([], timeout));
        await bulk.RunAsync(bench, cancellation);

        var file = bench.Payload(1024);
        var start = new Contest("web server on, a file of 1 KiB", new Metric("whole process", "ms", 1)) { RoundsFactor = 4, Timeout = TimeSpan.FromSeconds(30) };
        start.Add(Contest.Ours, null, timeout => StartAsync([Web, AnyPort], timeout));
        start.Add(Without, null, timeout => StartAsync([], timeout));
        await start.RunAsync(bench, cancellation);

        var page = new Contest($"web server on, a page of {Targets} stalled targets that refreshes each second", new Metric("CPU in 30 s", "% of a core", 2))
        {
            WarmsUp = false,
            Goals = [Goal.Below("at most 5 % of a core", 5)],
        };
        page.Add(Contest.Ours, null, timeout => WatchAsync([Web, AnyPort], timeout));
        page.Add(Without, null, timeout => WatchAsync([], timeout));
        await page.RunAsync(bench, cancellation);

        async Task<double[]> WatchAsync(string[] options, CancellationToken timeout)
        {
            await using var stall = Child.Start(Launch.DotNet("stall") with { ManyHandles = true });
            var ours = Stalled.Ours(bench, Targets, Endless, await stall.PortAsync(timeout));
            await using var sender = Child.Start(ours with { Arguments = [.. ours.Arguments, .. options], ManyHandles = true, DiscardsOutput = true });
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout);
            var asking = options.Contains(Web) ? ShowAsync(sender, ended.Token) : Task.CompletedTask;
            await Task.Delay(Settling, timeout);
            var before = Proc.CpuSeconds(sender.Id);
            await Task.Delay(Window, timeout);
            var used = Proc.CpuSeconds(sender.Id) - before;
            await ended.CancelAsync();
            await asking;
            return [used / Window.TotalSeconds * 100];
        }

        async Task<double[]> SendAsync(string[] options, CancellationToken timeout)
        {
            await using var sink = Child.Start(Launch.DotNet("sink", "1"));
            var send = Senders.OursGenerated(bench, bench.Bytes, await sink.PortAsync(timeout));
            await using var sender = Child.Start(send with { Arguments = [.. send.Arguments, .. options] });
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout);
            var asking = options.Contains(Web) ? AskAsync(sender, ended.Token) : Task.CompletedTask;
            var received = await sink.HearAsync(@"received (\d+) in ([\d.]+) s", timeout);
            await ended.CancelAsync();
            await asking;
            await sender.EndAsync(timeout);
            return received.Number(1) == bench.Bytes
                ? [bench.MiB / received.Number(2)]
                : throw new InvalidOperationException($"the sink got {received.Number(1)} B");
        }

        async Task<double[]> StartAsync(string[] options, CancellationToken timeout)
        {
            await using var sink = Child.Start(Launch.DotNet("sink", "1"));
            var send = Senders.OursFile(file, await sink.PortAsync(timeout));
            await using var sender = Child.Start(send with { Arguments = [.. send.Arguments, .. options] });
            var (elapsed, _) = await sender.EndAsync(timeout);
            await sink.HearAsync("received 1024 ", timeout);
            return [elapsed.TotalMilliseconds];
        }
    }

    /// <summary>What the page asks for.</summary>
    private static async Task ShowAsync(Child sender, CancellationToken ended)
    {
        try
        {
            var page = new Uri((await sender.HearAsync("web: listening on (.*)$", ended)).Groups[1].Value);
            using var client = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All });
            using var timer = new PeriodicTimer(Interval);
            await using var events = await client.GetStreamAsync(new Uri(page, "api/events"), ended);
            var reading = events.CopyToAsync(Stream.Null, ended);
            do
                await client.GetByteArrayAsync(new Uri(page, "api/overview"), ended);
            while (await timer.WaitForNextTickAsync(ended));
            await reading;
        }
        catch (OperationCanceledException)
        {
            // It has been seen.
        }
    }

    private static async Task AskAsync(Child sender, CancellationToken ended)
    {
        try
        {
            var page = new Uri((await sender.HearAsync("web: listening on (.*)$", ended)).Groups[1].Value);
            using var client = new HttpClient();
            using var timer = new PeriodicTimer(Interval);
            do
            {
                await client.GetStringAsync(new Uri(page, "metrics"), ended);
                await client.GetStringAsync(new Uri(page, "api/overview"), ended);
            }
            while (await timer.WaitForNextTickAsync(ended));
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
        {
            // The program ends with its last byte.
        }
    }
}
