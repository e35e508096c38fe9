using System.Globalization;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>Peak memory of a sender whose targets never read: over the size of the payload, and over their number.</summary>
internal static class MemoryWork
{
    private const long Small = 64L << 20;
    private const long Large = 8L << 30;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var small = await PeakAsync(100, Small);
        var large = await PeakAsync(100, Large);
        var few = await PeakAsync(10, Large);
        var many = await PeakAsync(1_000, Large);

        foreach (var name in many.Standings.Select(s => s.Name))
        {
            bench.Report.Note(string.Create(CultureInfo.InvariantCulture,
                $"{name}: 8 GiB ÷ 64 MiB: {large.Median(name, 0) / small.Median(name, 0):0.00}; for each target, 10 to 1,000: {(many.Median(name, 0) - few.Median(name, 0)) * 1024 / 990:0} KiB."));
        }

        Task<Result> PeakAsync(int targets, long bytes)
        {
            var contest = new Contest($"memory, {targets} stalled targets, {bytes >> 20} MiB for each", new Metric("peak", "MiB", 1)) { WarmsUp = false };
            Add(Contest.Ours, port => Stalled.Ours(bench, targets, bytes, port));
            Add("async .NET, 64 KiB", port => Stalled.Async(targets, bytes, port));
            Add("asyncio", port => Stalled.Asyncio(targets, bytes, port));
            return contest.RunAsync(bench, cancellation);

            void Add(string name, Func<int, Launch> command) => contest.Add(name, command(0).Missing(), timeout => Stalled.WatchAsync(
                command, Settling, sender => Task.FromResult<double[]>([Proc.MemoryKiB(sender, "VmHWM") / 1024.0]), timeout));
        }
    }
}
