using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// One, two and three nodes with one outbox on this machine: what a delivery costs, what a target costs that waits, and how soon others
/// take the targets of a node that was killed. From these, a simulation says what larger clusters do.
/// </summary>
internal static class ClusterWork
{
    private const int Payloads = 20_000;
    private const int WarmUp = 5_000;
    private const int Singles = 300;
    private const int Size = 1024;
    private const int Targets = 12;
    private const int MostNodes = 3;
    private const int FewTargets = 300;
    private const int ManyTargets = 3_000;
    private const int KillsOfAKind = 20;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Watching = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        if (PrivatePostgres.WhyMissing is { } reason)
        {
            bench.Report.Note($"not run: {reason}");
            return;
        }

        var throughput = await DeliverAsync(bench, cancellation);
        await SingleAsync(bench, cancellation);
        await WaitAsync(bench, cancellation);
        foreach (var profile in (string[])["heartbeat-pause = 3s, stable-after = 5s", "heartbeat-pause = 1500ms, stable-after = 1500ms"])
            await FailOverAsync(bench, profile, cancellation);
        Simulate(bench, throughput);
    }

    private static async Task<Result> DeliverAsync(Bench bench, CancellationToken cancellation)
    {
        var contest = new Contest($"cluster, {Payloads} payloads of 1 KiB, each to one of {Targets} targets",
            new Metric("delivered", "deliveries/s"), new Metric("CPU time of the nodes", "µs a delivery"), new Metric("CPU time of the database", "µs a delivery"),
            new Metric("CPU time of clients and receiver", "µs a delivery"), new Metric("peak memory of a node", "MiB"))
        {
            Timeout = TimeSpan.FromMinutes(4),
        };
        for (var nodes = 1; nodes <= MostNodes; nodes++)
        {
            var count = nodes;
            contest.Add(NameOf(count), null, timeout => DeliverAsync(bench, count, timeout));
        }

        return await contest.RunAsync(bench, cancellation);
    }

    private static async Task<double[]> DeliverAsync(Bench bench, int nodes, CancellationToken timeout)
    {
        await using var receiver = Receiver("--quiet");
        await using var cluster = await SmallCluster.StartAsync(bench, nodes, Targets, 1, await receiver.PortAsync(timeout), timeout);
        // Each process has compiled what it needs.
        await SubmitAsync(cluster, nodes, "warm-up", WarmUp, timeout);
        var (ofNodes, ofDatabase, ofOthers, clock) = (cluster.NodeSeconds(), cluster.DatabaseSeconds(), Others(), Stopwatch.StartNew());
        await SubmitAsync(cluster, nodes, "p", Payloads, timeout);
        const double Deliveries = Payloads;
        return
        [
            Deliveries / clock.Elapsed.TotalSeconds, 1e6 * (cluster.NodeSeconds() - ofNodes) / Deliveries, 1e6 * (cluster.DatabaseSeconds() - ofDatabase) / Deliveries,
            1e6 * (Others() - ofOthers) / Deliveries, cluster.NodeMiB("VmHWM"),
        ];

        double Others() => Proc.CpuSeconds(receiver.Id) + Proc.CpuSeconds(Environment.ProcessId);
    }

    /// <summary>Through all nodes at a time, until everything is delivered.</summary>
    private static async Task SubmitAsync(SmallCluster cluster, int nodes, string name, int count, CancellationToken timeout)
    {
        const int Clients = MostNodes * Targets;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            using var submitter = new Submitter([cluster.PortOf(client % nodes, client / MostNodes)]);
            for (var i = client; i < count; i += Clients)
                await submitter.SubmitAsync($"{name}-{i}", new byte[Size], timeout);
        }));
        await cluster.WhenEmptyAsync(timeout);
    }

    private static async Task SingleAsync(Bench bench, CancellationToken cancellation)
    {
        var contest = new Contest($"cluster, a single payload of 1 KiB, in to out, {Singles} one after another, each through the next node", new Metric("p50", "ms", 1), new Metric("p99", "ms", 1)) { WarmsUp = false };
        for (var nodes = 1; nodes <= MostNodes; nodes++)
        {
            var count = nodes;
            contest.Add(NameOf(count), null, timeout => SingleAsync(bench, count, timeout));
        }

        await contest.RunAsync(bench, cancellation);
    }

    private static async Task<double[]> SingleAsync(Bench bench, int nodes, CancellationToken timeout)
    {
        await using var receiver = Receiver();
        await using var cluster = await SmallCluster.StartAsync(bench, nodes, 1, 1, await receiver.PortAsync(timeout), timeout);
        var submitters = Enumerable.Range(0, nodes).Select(node => new Submitter([cluster.PortOf(node, 0)])).ToList();
        var took = new List<double>();
        for (var i = 0; i < 2 * Singles; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await submitters[i % nodes].SubmitAsync($"s-{i}", new byte[Size], timeout);
            var delivered = await receiver.HearAsync($" delivered s-{i}:", timeout);
            took.Add(Stopwatch.GetElapsedTime(began, delivered.At).TotalMilliseconds);
        }

        submitters.ForEach(submitter => submitter.Dispose());
        // As many before have warmed up.
        double[] sorted = [.. took.Skip(Singles).Order()];
        return [sorted[Singles / 2], sorted[Singles * 99 / 100]];
    }

    private static Child Receiver(params string[] options) => Child.Start(Launch.Ours(["serve", "127.0.0.1:0", "--sink", "discard", "--protocol", "deliveries", .. options]));

    private static async Task WaitAsync(Bench bench, CancellationToken cancellation)
    {
        // Bound and not listening: every connect is refused.
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)dead.LocalEndPoint!).Port;
        var contest = new Contest($"cluster, three nodes with {ManyTargets} dead targets that have a delivery each, over {Watching.TotalSeconds:0} s",
            new Metric("memory of a node", "MiB"), new Metric("CPU time of all nodes", "% of a core", 1), new Metric("CPU time of the database", "% of a core", 1))
        { WarmsUp = false };
        contest.Add(Contest.Ours, null, timeout => WaitAsync(bench, ManyTargets, port, timeout));
        contest.Add($"ours, {FewTargets} targets", null, timeout => WaitAsync(bench, FewTargets, port, timeout));
        await contest.RunAsync(bench, cancellation);
    }

    private static async Task<double[]> WaitAsync(Bench bench, int targets, int port, CancellationToken timeout)
    {
        await using var cluster = await SmallCluster.StartAsync(bench, MostNodes, 1, targets, port, timeout);
        using (var submitter = new Submitter([cluster.PortOf(0, 0)]))
            await submitter.SubmitAsync("p", new byte[Size], timeout);
        await Task.Delay(Settling, timeout);
        var (ofNodes, ofDatabase, clock) = (cluster.NodeSeconds(), cluster.DatabaseSeconds(), Stopwatch.StartNew());
        await Task.Delay(Watching, timeout);
        var seconds = clock.Elapsed.TotalSeconds;
        return [cluster.NodeMiB("VmRSS"), 100 * (cluster.NodeSeconds() - ofNodes) / seconds, 100 * (cluster.DatabaseSeconds() - ofDatabase) / seconds];
    }

    private static async Task FailOverAsync(Bench bench, string profile, CancellationToken cancellation)
    {
        var directory = Directory.CreateDirectory(Path.Combine(bench.Scratch, "cluster-failover")).FullName;
        try
        {
            await using var server = await PrivatePostgres.StartAsync();
            await using var run = new ClusterKillRun(Places.Program, directory, server, groups: 2, groupSize: 10, TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(2), Environment.TickCount) { Profile = profile };
            bench.Report.Note($"- fail-over with {profile}: {await run.RunAsync([.. Enumerable.Repeat(ClusterFault.Kill, KillsOfAKind), .. Enumerable.Repeat(ClusterFault.Lose, KillsOfAKind)], hold: TimeSpan.Zero, cancellation)}");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Simulate(Bench bench, Result throughput)
    {
        // Everything is on the cores of this machine.
        for (var nodes = 1; nodes <= MostNodes; nodes++)
        {
            if (throughput.Median(NameOf(nodes), 0) is { } measured && Costs(nodes) is { } costs)
                bench.Report.Note(string.Create(CultureInfo.InvariantCulture, $"- simulated, {nodes} node{(nodes == 1 ? "" : "s")} on this machine: {Simulation.OnOneMachine(Environment.ProcessorCount, costs):0} deliveries a second; measured {measured:0} ({Simulation.OnOneMachine(Environment.ProcessorCount, costs) / measured:0.00})"));
        }

        foreach (var line in Costs(MostNodes) is { } ofMost ? Simulation.Report(ofMost) : [])
            bench.Report.Note(line);

        Simulation.Costs? Costs(int nodes) =>
            throughput.Median(NameOf(nodes), 1) is { } node && throughput.Median(NameOf(nodes), 2) is { } database && throughput.Median(NameOf(nodes), 3) is { } others
                ? new Simulation.Costs(node / 1e6, database / 1e6, others / 1e6) : null;
    }

    private static string NameOf(int nodes) => nodes == 1 ? Contest.Ours : $"ours, {nodes} nodes";
}
