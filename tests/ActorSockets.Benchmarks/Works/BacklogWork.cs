using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// A relay with much that waits: a healthy target beside 50 dead ones with 100,000 deliveries each, against the same without anything
/// that waits; and how a relay starts with 1,000,000 waiting, after a stop and after a kill.
/// </summary>
internal static class BacklogWork
{
    private const int Dead = 50;
    private const int Each = 100_000;
    private const int Size = 1024;
    private const int Count = 10_000;
    private const int Window = 1024;
    private const int ManyTargets = 10;
    private const string Alone = "ours, nothing waiting";
    private const string AfterKill = "ours, after SIGKILL";

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        // Bound and not listening: every connect is refused.
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)dead.LocalEndPoint!).Port;
        await IsolationAsync(bench, port, cancellation);
        await StartAsync(bench, port, cancellation);
    }

    private static async Task IsolationAsync(Bench bench, int dead, CancellationToken cancellation)
    {
        using var full = await Outbox.CreateAsync(bench, dead, Dead, "shared", cancellation);
        using var empty = await Outbox.CreateAsync(bench, dead, Dead, "none", cancellation);
        var contest = new Contest($"outbox, {Count} payloads of 1 KiB to a target beside {Dead} dead ones with {Each} waiting for each", new Metric("delivered", "payloads/s"), new Metric("peak memory", "MiB"))
        {
            Goals = [Goal.AtLeast(0.95, Alone)],
        };
        contest.Add(Contest.Ours, null, timeout => DeliverAsync(bench, full, timeout));
        contest.Add(Alone, null, timeout => DeliverAsync(bench, empty, timeout));
        await contest.RunAsync(bench, cancellation);
    }

    private static async Task<double[]> DeliverAsync(Bench bench, Outbox outbox, CancellationToken timeout)
    {
        await using var receiver = Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", "discard", "--protocol", "deliveries", "--quiet"));
        await using var relay = outbox.Start(bench, await receiver.PortAsync(timeout));
        await using var sender = Child.Start(Launch.DotNet("library-send", bench.Configuration("backlog-sender", $$"""
            akka.loglevel = OFF
            actor-sockets.targets.t { port = {{await relay.PortAsync(timeout)}}, protocol = deliveries, window = {{Window}}, max-queued = 100000 }
            """), Senders.Text(Count), Senders.Text(Size), Senders.Text(2 * Window)));
        var delivered = await sender.HearAsync(@"acknowledged (\d+) in ([\d.]+) s", timeout);
        return delivered.Number(1) == Count
            ? [Count / delivered.Number(2), Proc.MemoryKiB(relay.Id, "VmHWM") / 1024.0]
            : throw new InvalidOperationException($"{delivered.Number(1)} of {Count} were delivered");
    }

    private static async Task StartAsync(Bench bench, int dead, CancellationToken cancellation)
    {
        using var full = await Outbox.CreateAsync(bench, dead, ManyTargets, "each", cancellation);
        using var empty = await Outbox.CreateAsync(bench, dead, ManyTargets, "none", cancellation);
        var contest = new Contest($"outbox, start with {ManyTargets * Each} payloads of 1 KiB that wait for {ManyTargets} dead targets", new Metric("until it listens", "s", 2), new Metric("peak memory", "MiB"))
        {
            Goals = [Goal.Below("at most 100 MiB", 100, metric: 1)],
        };
        contest.Add(Contest.Ours, null, timeout => StartAsync(bench, full, isKilled: false, timeout));
        contest.Add(AfterKill, null, timeout => StartAsync(bench, full, isKilled: true, timeout));
        contest.Add(Alone, null, timeout => StartAsync(bench, empty, isKilled: false, timeout));
        await contest.RunAsync(bench, cancellation);
    }

    /// <summary>Ends one, and measures the next.</summary>
    private static async Task<double[]> StartAsync(Bench bench, Outbox outbox, bool isKilled, CancellationToken timeout)
    {
        await using (var before = outbox.Start(bench, receiver: null))
        {
            await before.PortAsync(timeout);
            if (!isKilled)
                await StopAsync(before, timeout);
        }

        var clock = Stopwatch.StartNew();
        await using var relay = outbox.Start(bench, receiver: null);
        await relay.PortAsync(timeout);
        var seconds = clock.Elapsed.TotalSeconds;
        await Task.Delay(Settling, timeout);
        return [seconds, Proc.MemoryKiB(relay.Id, "VmHWM") / 1024.0];
    }

    private static async Task StopAsync(Child relay, CancellationToken timeout)
    {
        await relay.SignalAsync("TERM");
        await relay.EndAsync(timeout);
    }

    /// <summary>The directory of an outbox, on a disk, with deliveries for dead targets.</summary>
    private sealed class Outbox(string directory, int dead, int targets) : IDisposable
    {
        /// <param name="bench">Where configurations are.</param>
        /// <param name="dead">The port of the dead targets.</param>
        /// <param name="targets">How many.</param>
        /// <param name="waiting"><c>shared</c>: all wait for the same payloads; <c>each</c>: each for its own; <c>none</c>: nothing waits.</param>
        /// <param name="cancellation">Ends it.</param>
        public static async Task<Outbox> CreateAsync(Bench bench, int dead, int targets, string waiting, CancellationToken cancellation)
        {
            var outbox = new Outbox(Directory.CreateTempSubdirectory("actorsockets-benchmark-outbox-").FullName, dead, targets);
            await using (var relay = outbox.Start(bench, receiver: null))
            {
                await relay.PortAsync(cancellation);
                await StopAsync(relay, cancellation);
            }

            if (waiting != "none")
            {
                await using var fill = Child.Start(Launch.DotNet("outbox-fill", outbox.Path, Senders.Text(targets), Senders.Text(Each), Senders.Text(Size), waiting));
                await fill.EndAsync(cancellation);
            }

            return outbox;
        }

        public string Path => directory;

        /// <param name="bench">Where configurations are.</param>
        /// <param name="receiver">The port of the healthy target; null: it is dead as well.</param>
        public Child Start(Bench bench, int? receiver) => Child.Start(Launch.Ours("run", bench.Configuration("backlog", $$"""
            actor-sockets {
              outbox.directory = "{{directory}}"
              server-defaults { window = {{Window}}, protocol = deliveries, sink = relay }
              servers.in { relay-to = [healthy], receipt-after = delivered }
              target-defaults { protocol = deliveries, durable = on }
              targets {
                healthy { port = {{receiver ?? dead}}, window = {{Window}} }
                {{string.Join('\n', Enumerable.Range(0, targets).Select(i => $"t{i}.port = {dead}"))}}
              }
            }
            """), "--quiet") with { DiscardsTalk = true });

        public void Dispose() => Directory.Delete(directory, recursive: true);
    }
}
