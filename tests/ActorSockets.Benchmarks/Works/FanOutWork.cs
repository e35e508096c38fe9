using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// One file to 1, 10 and 100 targets at once, alone and beside as many that never read. Together they always get about the
/// same bytes; the sink measures from the first byte to the last FIN.
/// </summary>
internal static class FanOutWork
{
    private static readonly int[] Counts = [1, 10, 100];

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        foreach (var count in Counts)
        {
            var file = bench.Payload(bench.Bytes / count);
            foreach (var stalled in new[] { 0, count })
            {
                var title = $"fan-out, a file of {bench.MiB / count:0.##} MiB to {count} target{(count == 1 ? "" : "s")}{(stalled > 0 ? $" beside {stalled} stalled" : "")}";
                var contest = new Contest(title, new Metric("at the sink", "MiB/s")) { Timeout = bench.BulkTimeout };
                contest.Add(Contest.Ours, null, async timeout => [await RunOneAsync(bench.Bytes / count * count, count, stalled, Ours, timeout)]);
                contest.Add("async .NET, 64 KiB", null, async timeout => [await RunOneAsync(bench.Bytes / count * count, count, stalled, ports => Async(64, ports), timeout)]);
                contest.Add("async .NET, 256 KiB", null, async timeout => [await RunOneAsync(bench.Bytes / count * count, count, stalled, ports => Async(256, ports), timeout)]);
                await contest.RunAsync(bench, cancellation);

                Launch Ours(IEnumerable<int> ports) => Launch.Ours(["send", file, .. ports.SelectMany(p => new[] { "--to", Senders.To(p) })]);

                Launch Async(int bufferKiB, IEnumerable<int> ports) =>
                    Launch.DotNet(["async-send", file, Senders.Text(bufferKiB * 1024), .. ports.Select(p => Senders.Text(p))]);
            }
        }
    }

    private static async Task<double> RunOneAsync(long bytes, int count, int stalled, Func<IEnumerable<int>, Launch> command, CancellationToken timeout)
    {
        await using var sink = Child.Start(Launch.DotNet("sink", Senders.Text(count)));
        await using var stall = Child.Start(Launch.DotNet("stall"));
        var (port, stalledPort) = (await sink.PortAsync(timeout), await stall.PortAsync(timeout));
        // Taking turns, so that neither kind is connected first.
        var ports = Enumerable.Range(0, count).SelectMany(i => i < stalled ? [stalledPort, port] : new[] { port });
        await using var sender = Child.Start(command(ports));
        var received = await sink.HearAsync(@"received (\d+) in ([\d.]+) s", timeout);
        if (stalled == 0)
            await sender.EndAsync(timeout);
        if (received.Number(1) != bytes)
            throw new InvalidOperationException($"the sink got {received.Number(1)} B");
        return received.Number(1) / (1 << 20) / received.Number(2);
    }
}
