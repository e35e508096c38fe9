using System.Globalization;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// Peak memory: of a sender and a receiver over the size of the payload that goes between them, and of a sender over the
/// number of its targets, which never read.
/// </summary>
internal static class MemoryWork
{
    private const long Small = 64L << 20;
    private const long Large = 8L << 30;

    private static readonly int[] Counts = [10, 100, 1_000];
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var small = await DeliveredAsync(Small);
        var large = await DeliveredAsync(Large);
        bench.Report.Note(Text($"8 GiB ÷ 64 MiB, ours: sender {large.Median(Contest.Ours, 0) / small.Median(Contest.Ours, 0):0.00}, receiver {large.Median(Contest.Ours, 1) / small.Median(Contest.Ours, 1):0.00}."));

        var peaks = new List<Result>();
        foreach (var count in Counts)
            peaks.Add(await StalledAsync(count));
        foreach (var name in peaks[0].Standings.Select(s => s.Name))
        {
            var slopes = Counts.Zip(Counts.Skip(1)).Select((counts, i) =>
                Text($"{(peaks[i + 1].Median(name, 0) - peaks[i].Median(name, 0)) * 1024 / (counts.Second - counts.First):0} KiB for each from {counts.First} to {counts.Second}"));
            bench.Report.Note($"{name}: {string.Join(", ", slopes)}.");
        }

        Task<Result> DeliveredAsync(long bytes)
        {
            var contest = new Contest($"memory, {bytes >> 20} MiB delivered", new Metric("sender's peak", "MiB", 1), new Metric("receiver's peak", "MiB", 1)) { WarmsUp = false };
            Add(Contest.Ours, Receivers.Ours(), port => Senders.OursGenerated(bench, bytes, port));
            Add("async .NET, 64 KiB", Receivers.Async(64 * 1024), port => Senders.Async(Senders.Text(bytes), 64, port));
            Add("asyncio", Receivers.Asyncio(), port => Senders.Asyncio(Senders.Text(bytes), port));
            return contest.RunAsync(bench, cancellation);

            void Add(string name, Launch receiving, Func<int, Launch> sending) => contest.Add(name, receiving.Missing(), async timeout =>
            {
                await using var receiver = Child.Start(receiving);
                await using var sender = Child.Start(sending(await receiver.PortAsync(timeout)));
                var (_, peakKiB) = await sender.EndAsync(timeout, watchMemory: true);
                return [peakKiB / 1024.0, Proc.MemoryKiB(receiver.Id, "VmHWM") / 1024.0];
            });
        }

        Task<Result> StalledAsync(int targets)
        {
            var contest = new Contest($"memory, {targets} stalled targets", new Metric("peak", "MiB", 1)) { WarmsUp = false };
            Add(Contest.Ours, port => Stalled.Ours(bench, targets, Large, port));
            Add("async .NET, 64 KiB", port => Stalled.Async(targets, Large, port));
            Add("asyncio", port => Stalled.Asyncio(targets, Large, port));
            return contest.RunAsync(bench, cancellation);

            void Add(string name, Func<int, Launch> command) => contest.Add(name, command(0).Missing(), timeout => Stalled.WatchAsync(
                command, Settling, sender => Task.FromResult<double[]>([Proc.MemoryKiB(sender, "VmHWM") / 1024.0]), timeout));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
