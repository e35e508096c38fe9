using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>The faults of a cluster that the specs do in small. No contest: it ends with figures, or with what is wrong.</summary>
internal static class ClusterKillWork
{
    // Of each kind, in a round.
    private const int Faults = 5;
    private const int Groups = 10;
    private const int GroupSize = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        if (PrivatePostgres.WhyMissing is { } reason)
        {
            bench.Report.Note($"not run: {reason}");
            return;
        }

        for (var round = 1; round <= bench.Rounds; round++)
        {
            var directory = Directory.CreateDirectory(Path.Combine(bench.Scratch, $"cluster-kills-{round}")).FullName;
            try
            {
                var random = new Random(Environment.TickCount);
                ClusterFault[] faults = [.. Enumerable.Repeat(Enum.GetValues<ClusterFault>(), Faults).SelectMany(kinds => kinds)];
                random.Shuffle(faults);
                await using var server = await PrivatePostgres.StartAsync();
                await using var run = new ClusterKillRun(Places.Program, directory, server, Groups, GroupSize, Pause, Patience, random.Next()) { HasPayloadDirectory = round % 2 == 0 };
                bench.Report.Note($"- round {round}, large payloads in {(run.HasPayloadDirectory ? "files" : "rows")}: {await run.RunAsync(faults, LongestHold, cancellation)}");
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}
