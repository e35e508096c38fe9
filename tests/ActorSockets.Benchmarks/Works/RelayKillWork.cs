using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// The kill run of a relay that the specs do in small; each second round with the outbox in PostgreSQL, where that is installed. No contest: it
/// ends with figures, or with what is wrong.
/// </summary>
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
                await using var server = round % 2 == 0 && PrivatePostgres.WhyMissing is null ? await PrivatePostgres.StartAsync() : null;
                var run = new RelayKillRun(Places.Program, directory, KillsPerRound, Longest, TimeSpan.FromMinutes(15), seed, server is null ? null : new PostgresRelayStore(server));
                bench.Report.Note($"- round {round}, {(server is null ? "SQLite" : "PostgreSQL, killed too")}, seed {seed}: {await run.RunAsync(cancellation)}");
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}
