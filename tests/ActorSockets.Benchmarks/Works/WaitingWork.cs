using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>What waiting costs: CPU time in 30 s in which no target takes a byte.</summary>
internal static class WaitingWork
{
    private const int Targets = 100;
    private const long Endless = 1L << 40;

    // Until every socket buffer is full, and what is compiled at the start is.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var contest = new Contest($"waiting, {Targets} stalled targets", new Metric("CPU in 30 s", "% of a core", 2))
        {
            WarmsUp = false,
            Goals = [Goal.Below("less than 1 % of a core", 1)],
        };
        Add(Contest.Ours, port => Stalled.Ours(bench, Targets, Endless, port));
        Add("async .NET", port => Stalled.Async(Targets, Endless, port));
        Add("asyncio", port => Stalled.Asyncio(Targets, Endless, port));
        Add("Python select", port => Launch.Python("select_send.py", Senders.Text(Endless), Senders.Text(port), Senders.Text(Targets)));
        Add("busy loop", port => Launch.Python("busy_loop.py", Senders.Text(port), Senders.Text(Targets)));
        await contest.RunAsync(bench, cancellation);

        void Add(string name, Func<int, Launch> command) =>
            contest.Add(name, command(0).Missing(), timeout => Stalled.WatchAsync(command, Settling, async sender =>
            {
                var before = Proc.CpuSeconds(sender);
                await Task.Delay(Window, timeout);
                return [(Proc.CpuSeconds(sender) - before) / Window.TotalSeconds * 100];
            }, timeout));
    }
}
