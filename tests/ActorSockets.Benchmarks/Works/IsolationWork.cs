using System.Net;
using System.Net.Sockets;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// One healthy target alone, and beside 50 others of which a third refuse, a third never read, and a third take 640 KB a
/// second each: what "no target can hold up another" is worth. All 51 are configured in both cases. The healthy one gets twice
/// the size, and the second half is measured: by then the others are in the state that they will be in.
/// </summary>
internal static class IsolationWork
{
    private const int Others = 50;
    private const string Alone = "ours, alone";

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var contest = new Contest($"isolation, {bench.Size} to one target beside {Others} that are dead, stalled or slow", new Metric("at its sink", "MiB/s"))
        {
            Timeout = bench.BulkTimeout,
            Goals = [Goal.AtLeast(0.95, Alone)],
        };
        contest.Add(Contest.Ours, null, async timeout => [await RunOneAsync(bench, "payload.generated.size = 1TiB", timeout)]);
        contest.Add(Alone, null, async timeout => [await RunOneAsync(bench, "", timeout)]);
        await contest.RunAsync(bench, cancellation);
    }

    private static async Task<double> RunOneAsync(Bench bench, string payloadOfOthers, CancellationToken timeout)
    {
        // Bound and not listening: every connect is refused.
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var healthy = Child.Start(Launch.DotNet("sink", "1", Senders.Text(bench.Bytes)));
        await using var stalled = Child.Start(Launch.DotNet("stall"));
        await using var slow = Child.Start(Launch.DotNet("slow"));
        var ports = new[] { ((IPEndPoint)dead.LocalEndPoint!).Port, await stalled.PortAsync(timeout), await slow.PortAsync(timeout) };

        await using var sender = Child.Start(Launch.Ours("run", bench.Configuration("isolation", $$"""
            actor-sockets.targets {
              healthy { port = {{await healthy.PortAsync(timeout)}}, payload.generated.size = {{2 * bench.Bytes}} }
              {{string.Join('\n', Enumerable.Range(0, Others).Select(i => $"t{i} {{ port = {ports[i % 3]}\n {payloadOfOthers} }}"))}}
            }
            """)) with { DiscardsTalk = true, DiscardsOutput = true });
        var received = await healthy.HearAsync(@"received (\d+) in ([\d.]+) s", timeout);
        // What came with the last of the first half counts, which is up to a buffer.
        return received.Number(1) >= bench.Bytes
            ? received.Number(1) / (1 << 20) / received.Number(2)
            : throw new InvalidOperationException($"the sink got {received.Number(1)} B");
    }
}
