using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>What the web server costs: a bulk send beside a scraper and a page that ask each second, and a start.</summary>
internal static class WebWork
{
    private const string Without = "without web";
    private const string Web = "--set=actor-sockets.web.enabled=on", AnyPort = "--set=actor-sockets.web.port=0";

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
