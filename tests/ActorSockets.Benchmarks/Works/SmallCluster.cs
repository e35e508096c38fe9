using System.Globalization;
using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>Some nodes with an outbox in a PostgreSQL of their own. Each has a server for each group of targets, whose payloads go to all of the group.</summary>
internal sealed class SmallCluster : IAsyncDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly PrivatePostgres _server;
    private readonly List<Child> _nodes = [];
    private readonly List<int[]> _ports = [];

    private SmallCluster(PrivatePostgres server) => _server = server;

    /// <param name="bench">Where configurations are.</param>
    /// <param name="nodes">How many.</param>
    /// <param name="groups">How many.</param>
    /// <param name="groupSize">Targets of each.</param>
    /// <param name="port">Of all targets.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<SmallCluster> StartAsync(Bench bench, int nodes, int groups, int groupSize, int port, CancellationToken cancellation)
    {
        var cluster = new SmallCluster(await PrivatePostgres.StartAsync());
        try
        {
            for (var node = 0; node < nodes; node++)
            {
                cluster._ports.Add([.. Enumerable.Range(0, groups).Select(_ => FreePort.Next())]);
                cluster._nodes.Add(Child.Start(Launch.Ours("run", bench.Configuration($"node-{node}", $$"""
                    actor-sockets {
                      cluster { enabled = on, port = {{FreePort.Next()}} }
                      outbox { store = postgresql, connection = "{{cluster._server.Connection}}", password-file = "{{cluster._server.PasswordFile}}" }
                      server-defaults { protocol = deliveries, sink = relay }
                      servers { {{string.Join('\n', cluster._ports[node].Select((own, group) => $"in-{group} {{ port = {own}, relay-to = [{string.Join(", ", Enumerable.Range(0, groupSize).Select(target => $"t{group}-{target}"))}] }}"))}} }
                      target-defaults { protocol = deliveries, port = {{port}} }
                      targets { {{string.Join('\n', Enumerable.Range(0, groups * groupSize).Select(target => $"t{target / groupSize}-{target % groupSize} {{ }}"))}} }
                      # Of targets and servers; nodes are always told.
                      report.max-lines-per-second = 1
                    }
                    """))));
            }

            foreach (var node in cluster._nodes)
                await node.HearAsync(string.Create(CultureInfo.InvariantCulture, $@"cluster: \S+ is up, of {nodes} node"), cancellation);
            return cluster;
        }
        catch (Exception)
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a node takes payloads for a group.</summary>
    public int PortOf(int node, int group) => _ports[node][group];

    /// <summary>CPU time of all nodes so far.</summary>
    public double NodeSeconds() => _nodes.Sum(node => Proc.CpuSeconds(node.Id));

    /// <summary>CPU time of the database so far.</summary>
    public double DatabaseSeconds() => Proc.CpuSecondsOfFamily(_server.Id);

    /// <summary>The largest of the nodes; <see cref="Proc.MemoryKiB"/>.</summary>
    public double NodeMiB(string name) => _nodes.Max(node => Proc.MemoryKiB(node.Id, name)) / 1024.0;

    /// <summary>Waits until the outbox is empty.</summary>
    public async Task WhenEmptyAsync(CancellationToken cancellation)
    {
        while (await _server.QueryAsync("relay", "select id from actorsockets.delivery limit 1") is { Count: > 0 })
            await Task.Delay(LookInterval, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await _server.DisposeAsync();
    }
}
