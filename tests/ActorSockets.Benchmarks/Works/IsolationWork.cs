using System.Net;
using System.Net.Sockets;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// One healthy target alone, and beside 50 others, which is what "no target can hold up another" is worth: beside a third that
/// refuse, a third that never read and a third that take 640 KB a second each; and beside 50 whose names never resolve. All 51 are
/// configured in both cases. The healthy one gets twice the size, and the second half is measured: by then the others are in the
/// state that they will be in.
/// </summary>
internal static class IsolationWork
{
    private const int Others = 50;
    private const string Alone = "ours, alone";
    private const string Payload = "payload.generated.size = 1TiB";

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var contest = NewContest(bench, "that are dead, stalled or slow");
        contest.Add(Contest.Ours, null, async timeout => await BesideBadPeersAsync(bench, Payload, timeout));
        contest.Add(Alone, null, async timeout => await BesideBadPeersAsync(bench, "", timeout));
        await contest.RunAsync(bench, cancellation);

        var (resolver, missing) = SilentResolver.TryStart(bench.Scratch);
        using var _ = resolver;
        contest = NewContest(bench, "whose names never resolve");
        contest.Add(Contest.Ours, missing, async timeout => await BesideSilentNamesAsync(bench, resolver!, Payload, timeout));
        contest.Add(Alone, missing, async timeout => await BesideSilentNamesAsync(bench, resolver!, "", timeout));
        await contest.RunAsync(bench, cancellation);
    }

    private static Contest NewContest(Bench bench, string others) => new(
        $"isolation, {bench.Size} to one target beside {Others} {others}", new Metric("at its sink", "MiB/s"), new Metric("all of it there after", "s", 2))
    {
        Timeout = bench.BulkTimeout,
        Goals = [Goal.AtLeast(0.95, Alone)],
    };

    private static async Task<double[]> BesideBadPeersAsync(Bench bench, string payload, CancellationToken timeout)
    {
        // Bound and not listening: every connect is refused.
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var stalled = Child.Start(Launch.DotNet("stall"));
        await using var slow = Child.Start(Launch.DotNet("slow"));
        var ports = new[] { ((IPEndPoint)dead.LocalEndPoint!).Port, await stalled.PortAsync(timeout), await slow.PortAsync(timeout) };
        return await RunOneAsync(bench, i => $"port = {ports[i % 3]}\n {payload}", launch => launch, timeout);
    }

    private static Task<double[]> BesideSilentNamesAsync(Bench bench, SilentResolver resolver, string payload, CancellationToken timeout) =>
        RunOneAsync(bench, i => $"host = {SilentResolver.Name(i)}, port = 9\n {payload}", resolver.For, timeout);

    private static async Task<double[]> RunOneAsync(Bench bench, Func<int, string> other, Func<Launch, Launch> start, CancellationToken timeout)
    {
        await using var healthy = Child.Start(Launch.DotNet("sink", "1", Senders.Text(bench.Bytes)));
        var sender = Launch.Ours("run", bench.Configuration("isolation", $$"""
            actor-sockets.targets {
              healthy { port = {{await healthy.PortAsync(timeout)}}, payload.generated.size = {{2 * bench.Bytes}} }
              {{string.Join('\n', Enumerable.Range(0, Others).Select(i => $"t{i} {{ {other(i)} }}"))}}
            }
            """));
        await using var running = Child.Start(start(sender) with { DiscardsTalk = true, DiscardsOutput = true });
        var received = await healthy.HearAsync(@"received (\d+) in ([\d.]+) s", timeout);
        // What came with the last of the first half counts, which is up to a buffer.
        return received.Number(1) >= bench.Bytes
            ? [received.Number(1) / (1 << 20) / received.Number(2), running.SinceStart(received).TotalSeconds]
            : throw new InvalidOperationException($"the sink got {received.Number(1)} B");
    }
}
