using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What a cluster has acknowledged arrives, whatever happens to its nodes: in small. In large: <c>ActorSockets.Benchmarks cluster-kills</c>.</summary>
public sealed class ClusterKillSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cluster-kill-specs-").FullName;

    [PostgresFact]
    public async Task What_a_cluster_has_acknowledged_arrives_once_and_in_order_though_nodes_are_killed_cut_off_and_ended_and_the_database_crashes()
    {
        await using var server = await PrivatePostgres.StartAsync();
        await using var run = new ClusterKillRun(HostProcess.Program, _directory, server, groups: 2, groupSize: 4, pause: TimeSpan.FromMilliseconds(100), patience: TimeSpan.FromMinutes(2), seed: Environment.TickCount) { HasPayloadDirectory = true };
        var figures = await run.RunAsync([ClusterFault.Kill, ClusterFault.CutOff, ClusterFault.Terminate, ClusterFault.Crash], hold: TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.True(figures is { Recoveries.Count: > 0, Payloads: > 20 }, figures.ToString());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
