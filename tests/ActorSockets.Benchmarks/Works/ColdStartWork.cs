using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>A file of 1 KiB sent by a whole process, from its start to its end. The shell that starts each is in it, about 1 ms.</summary>
internal static class ColdStartWork
{
    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var file = bench.Payload(1024);
        var contest = new Contest("cold start, a file of 1 KiB", new Metric("whole process", "ms", 1))
        {
            RoundsFactor = 4,
            Timeout = TimeSpan.FromSeconds(30),
            Goals = [Goal.NoMoreThan(1.2, "asyncio")],
        };
        Add(Contest.Ours, port => Senders.OursFile(file, port));
        Add("asyncio", port => Senders.Asyncio(file, port));
        Add("async .NET", port => Senders.Async(file, 64, port));
        Add("nc", port => Senders.Nc(file, port));
        Add("ncat", port => Senders.Ncat(file, port));
        await contest.RunAsync(bench, cancellation);

        void Add(string name, Func<int, Launch> command) => contest.Add(name, command(0).Missing(), async timeout =>
        {
            await using var sink = Child.Start(Launch.DotNet("sink", "1"));
            await using var sender = Child.Start(command(await sink.PortAsync(timeout)));
            var (elapsed, _) = await sender.EndAsync(timeout);
            await sink.HearAsync("received 1024 ", timeout);
            return [elapsed.TotalMilliseconds];
        });
    }
}
