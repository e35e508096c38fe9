using System.Diagnostics;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// One large payload through a relay, until the server behind it has it, beside a file sink without a relay; and how long a single
/// payload of 1 KiB takes, beside two flushes, which it needs: when it comes, and when it goes.
/// </summary>
internal static class RelayBulkWork
{
    private const int Samples = 1_000;
    private const int Size = 1024;
    private const string FileSink = "ours, a file sink without a relay";
    private const string Flushes = "two flushes of 4 KiB each";

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var bulk = new Contest($"relay, one payload of {bench.Size}, flushed", new Metric("connected to delivered", "MiB/s"))
        {
            Timeout = bench.BulkTimeout,
            WarmsUp = false,
            Goals = [Goal.AtLeast(0.5, FileSink)],
        };
        bulk.Add(Contest.Ours, null, async timeout =>
        {
            await using var server = Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", "discard", "--protocol", "deliveries"));
            return await OnDiskAsync(directory => BulkAsync(bench, Relay(bench, directory, server.PortAsync(timeout)), timeout));
        });
        bulk.Add(FileSink, null, timeout => OnDiskAsync(directory =>
            BulkAsync(bench, Task.FromResult(Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", directory, "--protocol", "deliveries"))), timeout)));
        await bulk.RunAsync(bench, cancellation);

        var single = new Contest($"relay, a single payload of {Size >> 10} KiB, in to out, {Samples} one after another", new Metric("p50", "ms", 3), new Metric("p99", "ms", 3)) { WarmsUp = false };
        single.Add(Contest.Ours, null, timeout => OnDiskAsync(directory => SingleAsync(bench, directory, timeout)));
        single.Add(Flushes, null, timeout => OnDiskAsync(async directory =>
        {
            await using var flushes = Child.Start(Launch.DotNet("two-flushes", directory, Senders.Text(Samples)));
            return await TookAsync(flushes, timeout);
        }));
        await single.RunAsync(bench, cancellation);
    }

    private static async Task<double[]> BulkAsync(Bench bench, Task<Child> starting, CancellationToken timeout)
    {
        await using var receiver = await starting;
        await using var sender = Child.Start(Launch.Ours("run", bench.Configuration("relay-bulk-sender", $$"""
            actor-sockets {
              exit-when-delivered = on
              targets.t { port = {{await receiver.PortAsync(timeout)}}, protocol = deliveries, payload.generated.size = {{bench.Bytes}} }
            }
            """)));
        var connected = await sender.HearAsync("t: connected", timeout);
        var delivered = await sender.HearAsync("t: DELIVERED", timeout);
        return [bench.MiB / Stopwatch.GetElapsedTime(connected.At, delivered.At).TotalSeconds];
    }

    private static async Task<double[]> SingleAsync(Bench bench, string directory, CancellationToken timeout)
    {
        await using var server = Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", "discard", "--protocol", "deliveries", "--quiet"));
        await using var relay = await Relay(bench, directory, server.PortAsync(timeout));
        await using var sender = Child.Start(Launch.DotNet("library-latency", bench.Configuration("relay-single-sender", $$"""
            akka.loglevel = OFF
            actor-sockets.targets.t { port = {{await relay.PortAsync(timeout)}}, protocol = deliveries }
            """), Senders.Text(Samples), Senders.Text(Size)));
        return await TookAsync(sender, timeout);
    }

    private static async Task<double[]> TookAsync(Child child, CancellationToken timeout)
    {
        var took = await child.HearAsync(@"took p50 ([\d.]+) p99 ([\d.]+)", timeout);
        return [took.Number(1), took.Number(2)];
    }

    /// <summary>A relay that answers when the server has the payload.</summary>
    private static async Task<Child> Relay(Bench bench, string directory, Task<int> port) => Child.Start(Launch.Ours("run", bench.Configuration("relay-bulk", $$"""
        actor-sockets {
          outbox { directory = "{{directory}}/outbox", max-bytes = 1TiB, per-target.max-bytes = 1TiB }
          servers.in { protocol = deliveries, sink = relay, relay-to = [t], receipt-after = delivered }
          targets.t { port = {{await port}}, protocol = deliveries }
        }
        """), "--quiet"));

    /// <summary>A disk, whatever room there is in memory: flushing is what it is about.</summary>
    private static async Task<double[]> OnDiskAsync(Func<string, Task<double[]>> run)
    {
        var directory = Directory.CreateTempSubdirectory("actorsockets-benchmark-outbox-").FullName;
        try
        {
            return await run(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
