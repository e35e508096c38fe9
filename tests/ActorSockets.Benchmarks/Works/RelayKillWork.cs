using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>The kill run of a relay that the specs do in small. No contest: it ends with figures, or with what is wrong.</summary>
internal static class RelayKillWork
{
    private const long Longest = 50_000_000;
    private const int KillsPerRound = 200;

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        for (var round = 1; round <= bench.Rounds; round++)
        {
            var directory = Directory.CreateTempSubdirectory("relay-kills-").FullName;
            try
            {
                var seed = Random.Shared.Next();
                var run = new RelayKillRun(Places.Program, directory, KillsPerRound, Longest, TimeSpan.FromMinutes(15), seed);
                bench.Report.Note($"- round {round}, seed {seed}: {await run.RunAsync(cancellation)}");
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}
