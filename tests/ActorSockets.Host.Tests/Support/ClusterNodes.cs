using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests.Support;

/// <summary>Nodes of a cluster with TLS and one outbox in PostgreSQL, run as a user runs them.</summary>
public abstract class ClusterNodes : IAsyncLifetime
{
    private readonly List<HostProcess> _nodes = [];

    private protected string Place { get; } = Directory.CreateTempSubdirectory("cluster-specs-").FullName;

    private protected int[] Ports { get; } = [.. Enumerable.Range(0, 3).Select(_ => FreePort.Next())];

    private protected IReadOnlyList<HostProcess> Nodes => _nodes;

    private protected PrivatePostgres Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (PrivatePostgres.WhyMissing is not null)
            return;
        Server = await PrivatePostgres.StartAsync();
        foreach (var pki in (string[])["pki", "other"])
            Assert.Equal(0, (await HostProcess.RunAsync("init", "--tls", Path.Combine(Place, pki))).ExitCode);
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        if (Server is not null)
            await Server.DisposeAsync();
        Directory.Delete(Place, recursive: true);
    }

    private protected async Task StartAsync(int node, string certificate = "pki", string ca = "pki/ca.crt", string stableAfter = "1s", string heartbeatPause = "3s", NodeLinks? links = null, int? named = null, string more = "")
    {
        var conf = Path.Combine(Place, $"node-{node}.conf");
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              cluster {
                enabled = on, port = {{links?.PortOf(node) ?? Ports[named ?? node]}}, stable-after = {{stableAfter}}, heartbeat-pause = {{heartbeatPause}}
                tls { certificate = "{{Place}}/{{certificate}}/server.crt", key = "{{Place}}/{{certificate}}/server.key", ca = "{{Place}}/{{ca}}" }
              }
              outbox { store = postgresql, connection = "{{Server.Connection}}", password-file = "{{Server.PasswordFile}}" }
              web { enabled = on, port = 0 }
              {{more}}
              servers.in { port = 0, protocol = deliveries, sink = relay, relay-to = [archive] }
              targets.archive { port = 1, protocol = deliveries }
            }
            {{(named is null ? "" : $"akka.remote.dot-netty.tcp {{ public-port = {Ports[named.Value]}, port = {Ports[node]} }}")}}
            {{(links is null ? "" : $"akka.remote.dot-netty.tcp {{ public-port = {links.PortOf(node)}, port = {links.BoundPortOf(node)} }}")}}
            """);
        _nodes.Add(HostProcess.Start("run", conf));
        await _nodes[node].PortOfAsync("in");
    }
}
