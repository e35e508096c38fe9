using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>Senders whose targets accept, and never read.</summary>
internal static class Stalled
{
    public static Launch Ours(Bench bench, int targets, long bytes, int port) => Launch.Ours("run", bench.Configuration("stalled", $$"""
        actor-sockets {
          target-defaults { port = {{port}}, payload.generated.size = {{bytes}} }
          targets { {{string.Join('\n', Enumerable.Range(0, targets).Select(i => $"t{i} {{ }}"))}} }
        }
        """));

    public static Launch Async(int targets, long bytes, int port) =>
        Launch.DotNet(["async-send", Senders.Text(bytes), "65536", .. Enumerable.Repeat(Senders.Text(port), targets)]);

    public static Launch Asyncio(int targets, long bytes, int port) =>
        Launch.Python("asyncio_send.py", Senders.Text(bytes), Senders.Text(port), Senders.Text(targets));

    /// <summary>Starts the targets and the sender, lets them settle, and looks at the sender by its process id.</summary>
    public static async Task<double[]> WatchAsync(Func<int, Launch> command, TimeSpan settling, Func<int, Task<double[]>> look, CancellationToken timeout)
    {
        await using var stall = Child.Start(Launch.DotNet("stall") with { ManyHandles = true });
        await using var sender = Child.Start(command(await stall.PortAsync(timeout)) with { ManyHandles = true, DiscardsTalk = true, DiscardsOutput = true });
        await Task.Delay(settling, timeout);
        if (sender.HasExited)
            throw new InvalidOperationException("the sender did not wait for its targets");
        return await look(sender.Id);
    }
}
