using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// Bulk send: a generated payload, and a file of the same size, to a plain blocking sink in a process of its own, which
/// measures from the first byte to the FIN.
/// </summary>
internal static class SendWork
{
    private static readonly Metric Throughput = new("at the sink", "MiB/s");

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var generated = NewContest($"send, generated, {bench.Size}", "asyncio");
        AddSender(generated, Contest.Ours, port => Senders.OursGenerated(bench, bench.Bytes, port));
        foreach (var (name, command) in Senders.Programmed(Senders.Text(bench.Bytes)))
            AddSender(generated, name, command);
        generated.Add(Iperf.Name, Iperf.Missing, async timeout => [await Iperf.RunAsync(bench.Bytes, timeout)]);
        await generated.RunAsync(bench, cancellation);

        var file = bench.Payload(bench.Bytes);
        var stored = NewContest($"send, a file, {bench.Size}", "asyncio", "socat", "nc", "ncat");
        AddSender(stored, Contest.Ours, port => Senders.OursFile(file, port));
        foreach (var (name, command) in Senders.Programmed(file).Concat(Senders.Tools(file)))
            AddSender(stored, name, command);
        await stored.RunAsync(bench, cancellation);

        Contest NewContest(string title, params IEnumerable<string> behind) => new(title, Throughput) { Timeout = bench.BulkTimeout, Goals = Goal.Bulk(behind) };

        void AddSender(Contest contest, string name, Func<int, Launch> command) =>
            contest.Add(name, command(0).Missing(), async timeout => [await ToSinkAsync(bench, command, timeout)]);
    }

    private static async Task<double> ToSinkAsync(Bench bench, Func<int, Launch> command, CancellationToken timeout)
    {
        await using var sink = Child.Start(Launch.DotNet("sink", "1"));
        await using var sender = Child.Start(command(await sink.PortAsync(timeout)));
        var received = await sink.HearAsync(@"received (\d+) in ([\d.]+) s", timeout);
        await sender.EndAsync(timeout);
        return received.Number(1) == bench.Bytes
            ? bench.MiB / received.Number(2)
            : throw new InvalidOperationException($"the sink got {received.Number(1)} B");
    }
}
