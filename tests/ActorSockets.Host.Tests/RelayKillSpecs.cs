using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What a relay has acknowledged arrives, whoever dies: in small. In large: <c>ActorSockets.Benchmarks relay-kills</c>.</summary>
public sealed class RelayKillSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("relay-kill-specs-").FullName;

    [Fact]
    public async Task What_a_relay_has_acknowledged_arrives_whole_and_deliveries_once_though_senders_relay_and_servers_are_killed()
    {
        var figures = await new RelayKillRun(HostProcess.Program, _directory, kills: 20, longest: 3_000_000, TimeSpan.FromSeconds(150), seed: Environment.TickCount)
            .RunAsync(CancellationToken.None);
        Assert.True(figures is { Kills: > 0, Checks: > 0, Payloads: > 2, Raw: > 0 }, figures.ToString());
    }

    [PostgresFact]
    public async Task The_same_holds_for_an_outbox_in_PostgreSQL_whose_server_crashes_too()
    {
        await using var server = await PrivatePostgres.StartAsync();
        var figures = await new RelayKillRun(HostProcess.Program, _directory, kills: 20, longest: 3_000_000, TimeSpan.FromSeconds(150), seed: Environment.TickCount, new PostgresRelayStore(server))
            .RunAsync(CancellationToken.None);
        Assert.True(figures is { Kills: > 0, Payloads: > 2, Raw: > 0 }, figures.ToString());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
