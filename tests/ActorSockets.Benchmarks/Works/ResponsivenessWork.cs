using System.Diagnostics;
using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// A tick every 10 ms, and how late it is: beside two streams at full speed of which the same process is both ends, and
/// beside 1,000 targets that never read.
/// </summary>
internal static class ResponsivenessWork
{
    private const int Seconds = 10;
    private const int Streams = 2;
    private const int Stalled = 1_000;

    private static readonly Metric[] Lateness =
    [
        new("lateness, p50", "ms", 1), new("lateness, p99", "ms", 1), new("lateness, p99.9", "ms", 1), new("lateness, max", "ms", 1),
    ];

    private static readonly Goal[] Goals = [Goal.Below("p99 of at most 15 ms", 15, metric: 1), Goal.NoMoreThan(1, "asyncio", metric: 1)];

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var load = new Contest($"responsiveness, 10 ms ticks, {Streams} streams to itself", [.. Lateness, new Metric("moved meanwhile", "MiB/s")]) { Goals = Goals };
        load.Add(Contest.Ours, null, timeout => TickAsync(Ours(bench, Streams, 0), timeout));
        load.Add("PeriodicTimer, async .NET", null, timeout => TickAsync(Launch.DotNet(["ticks", .. Arguments(Streams, 0)]), timeout));
        load.Add("asyncio", Asyncio(0, 0).Missing(), timeout => TickAsync(Asyncio(Streams, 0), timeout));
        await load.RunAsync(bench, cancellation);

        var stalled = new Contest($"responsiveness, 10 ms ticks, {Stalled} stalled targets", [.. Lateness, new Metric("moved meanwhile", "MiB/s")]) { Goals = Goals };
        stalled.Add(Contest.Ours, null, timeout => BesideStalledAsync(port => Ours(bench, Stalled, port), timeout));
        stalled.Add("PeriodicTimer, async .NET", null, timeout => BesideStalledAsync(port => Launch.DotNet(["ticks", .. Arguments(Stalled, port)]), timeout));
        stalled.Add("asyncio", Asyncio(0, 0).Missing(), timeout => BesideStalledAsync(port => Asyncio(Stalled, port), timeout));
        await stalled.RunAsync(bench, cancellation);
    }

    private static string[] Arguments(int connections, int port) => [Senders.Text(Seconds), Senders.Text(connections), Senders.Text(port)];

    private static Launch Asyncio(int connections, int port) => Launch.Python("asyncio_ticks.py", Arguments(connections, port));

    /// <summary>With the stalled ones at a port, or at a server of its own.</summary>
    private static Launch Ours(Bench bench, int targets, int stalledPort)
    {
        var port = stalledPort == 0 ? FreePort.Next() : stalledPort;
        var server = stalledPort == 0 ? $"servers.s {{ port = {port}, sink = discard }}" : "";
        return Launch.Ours("run", bench.Configuration("ticker", $$"""
            actor-sockets {
              ticker { enabled = on, interval = 10ms }
              shutdown.drain-timeout = 0s
              report.timestamps = off
              target-defaults { port = {{port}}, payload.generated.size = 1TiB }
              targets { {{string.Join('\n', Enumerable.Range(0, targets).Select(i => $"t{i} {{ }}"))}} }
              {{server}}
            }
            """));
    }

    private static async Task<double[]> BesideStalledAsync(Func<int, Launch> command, CancellationToken timeout)
    {
        await using var stall = Child.Start(Launch.DotNet("stall") with { ManyHandles = true });
        return await TickAsync(command(await stall.PortAsync(timeout)), timeout);
    }

    private static async Task<double[]> TickAsync(Launch command, CancellationToken timeout)
    {
        var (before, clock) = (Proc.LoopbackBytes(), Stopwatch.StartNew());
        await using var ticker = Child.Start(command with { ManyHandles = true });
        if (command.Program == Places.Program)
        {
            // Ours runs until it is told to stop, and then says how late its ticks were.
            await Task.Delay(TimeSpan.FromSeconds(Seconds), timeout);
            await ticker.SignalAsync("TERM");
        }

        var line = await ticker.HearAsync(@"^ticker: .* p50 ([\d.]+) ms, p99 ([\d.]+) ms,(?: p99\.9 ([\d.]+) ms,)? max ([\d.]+) ms", timeout);
        var moved = (Proc.LoopbackBytes() - before) / (double)(1 << 20) / clock.Elapsed.TotalSeconds;
        return [line.Number(1), line.Number(2), line.Groups[3].Success ? line.Number(3) : double.NaN, line.Number(4), moved];
    }
}
