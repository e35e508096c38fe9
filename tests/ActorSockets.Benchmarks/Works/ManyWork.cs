using System.Globalization;
using System.Text;
using ActorSockets.Benchmarks.DotNetPeers;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// 1 KiB to each of 10,000 targets, which are addresses in 127/8 with one sink behind them; and 10,000 connections open at
/// once at a server.
/// </summary>
internal static class ManyWork
{
    private const int Wanted = 10_000;

    // Besides the sockets: what a runtime has open, and what our program keeps free.
    private const int OtherHandles = 1_000;

    private static readonly Metric Peak = new("peak memory", "MiB");

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var count = (int)Math.Min(Wanted, Proc.HandleLimit() - OtherHandles);
        var scaled = count < Wanted ? $" (not {Wanted}: the hard limit of file handles is {Proc.HandleLimit()})" : "";

        var deliveries = new Contest(
            $"many, 1 KiB to {count} targets{scaled}",
            new Metric("first connection to last FIN at the sink", "s", 2), new Metric("whole process", "s", 2), new Metric("failures", "deliveries"), Peak)
        {
            Goals =
            [
                new Goal("at least 0.4 × the rate of async .NET", r => r.Best("async .NET") is { } it ? 1 / r.Ratio(it, 0) : null, 0.4),
                Goal.Below("no failure", 0, metric: 2),
            ],
        };
        AddSender(Contest.Ours, port => Launch.Ours("run", Targets(bench, port, count)));
        AddSender("async .NET", port => Launch.DotNet("async-crowd", Senders.Text(port), Senders.Text(count)));
        AddSender("asyncio", port => Launch.Python("asyncio_crowd.py", Senders.Text(port), Senders.Text(count)));
        await deliveries.RunAsync(bench, cancellation);

        var connections = new Contest(
            $"many, {count} connections open at a server{scaled}",
            new Metric("until all are open", "s", 2), new Metric("failures", "connections"), new Metric("memory for each", "KiB", 1), Peak)
        {
            Goals = [Goal.Below("at most 20 KiB each", 20, metric: 2), Goal.Below("no failure", 0, metric: 1)],
        };
        AddServer(Contest.Ours, Receivers.Ours("--set", "actor-sockets.server-defaults.max-connections=20000"));
        AddServer("async .NET, 4 KiB", Receivers.Async(4 * 1024));
        AddServer("Kestrel connection handler", Receivers.Kestrel());
        AddServer("asyncio", Receivers.Asyncio());
        await connections.RunAsync(bench, cancellation);
        bench.Report.Note("Ours with max-connections=20000 and its default backlog of 1024; the others' is 4096.");

        void AddSender(string name, Func<int, Launch> command) =>
            deliveries.Add(name, command(0).Missing(), timeout => DeliverAsync(command, count, timeout));

        void AddServer(string name, Launch command) =>
            connections.Add(name, command.Missing(), timeout => HoldAsync(command, count, timeout));
    }

    private static async Task<double[]> DeliverAsync(Func<int, Launch> command, int count, CancellationToken timeout)
    {
        await using var sink = Child.Start(Launch.DotNet("crowd-sink", Senders.Text(count)) with { ManyHandles = true });
        await using var sender = Child.Start(command(await sink.PortAsync(timeout)) with { ManyHandles = true, DiscardsTalk = true });
        var (elapsed, peakKiB) = await sender.EndAsync(timeout, watchMemory: true);
        var whole = await sink.HearAsync(@"whole (\d+) in ([\d.]+) s", timeout);
        return [whole.Number(2), elapsed.TotalSeconds, count - whole.Number(1), peakKiB / 1024.0];
    }

    private static async Task<double[]> HoldAsync(Launch command, int count, CancellationToken timeout)
    {
        await using var server = Child.Start(command with { ManyHandles = true, DiscardsTalk = true });
        var port = await server.PortAsync(timeout);
        // The runtime's own start is not a connection's memory.
        await Task.Delay(TimeSpan.FromSeconds(1), timeout);
        var before = Proc.MemoryKiB(server.Id, "VmRSS");
        await using var client = Child.Start(Launch.DotNet("hold", Senders.Text(port), Senders.Text(count)) with { ManyHandles = true });
        var open = await client.HearAsync(@"open (\d+) in ([\d.]+) s", timeout);
        var each = (Proc.MemoryKiB(server.Id, "VmRSS") - before) / (double)count;
        return [open.Number(2), count - open.Number(1), each, Proc.MemoryKiB(server.Id, "VmHWM") / 1024.0];
    }

    private static string Targets(Bench bench, int port, int count)
    {
        var hocon = new StringBuilder("actor-sockets {\n exit-when-delivered = on\n")
            .AppendLine(CultureInfo.InvariantCulture, $" target-defaults {{ port = {port}, payload.generated.size = 1KiB }}\n targets {{");
        for (var i = 0; i < count; i++)
            hocon.AppendLine(CultureInfo.InvariantCulture, $"  t{i} {{ host = \"{Crowd.Address(i)}\" }}");
        return bench.Configuration("many", hocon.AppendLine(" }\n}").ToString());
    }
}
