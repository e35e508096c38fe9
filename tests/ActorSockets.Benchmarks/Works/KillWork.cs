using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>The kill run that the specs do in small. No contest: it ends with figures, or with what is wrong.</summary>
internal static class KillWork
{
    private const long Longest = 200_000_000;

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        const int KillsPerRound = 200;
        for (var round = 1; round <= bench.Rounds; round++)
        {
            var directory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
            try
            {
                var run = new KillRun(Places.Program, directory, KillsPerRound, Longest, senders: 3, TimeSpan.FromMinutes(15), seed: round);
                bench.Report.Note($"- round {round}: {await run.RunAsync(cancellation)}");
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}
