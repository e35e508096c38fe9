using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Nodes of a cluster with TLS and one outbox in PostgreSQL, run as a user runs them.</summary>
public sealed class ClusterSpecs : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cluster-specs-").FullName;
    private readonly int[] _ports = [.. Enumerable.Range(0, 3).Select(_ => FreePort.Next())];
    private readonly List<HostProcess> _nodes = [];
    private PrivatePostgres _server = null!;

    public async Task InitializeAsync()
    {
        if (PrivatePostgres.WhyMissing is not null)
            return;
        _server = await PrivatePostgres.StartAsync();
        foreach (var pki in (string[])["pki", "other"])
            Assert.Equal(0, (await HostProcess.RunAsync("init", "--tls", Path.Combine(_directory, pki))).ExitCode);
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [PostgresFact]
    public async Task A_node_that_was_stopped_until_the_others_took_its_targets_ends_and_says_why()
    {
        foreach (var node in Enumerable.Range(0, 3))
            await StartAsync(node);
        foreach (var node in _nodes)
            await node.HearAsync("^cluster: .* is up, of 3 nodes");

        await _nodes[2].SignalAsync("STOP");
        await _nodes[0].HearAsync($@"^cluster: 127\.0\.0\.1:{_ports[2]} is out; 2 nodes remain");
        await _nodes[2].SignalAsync("CONT");

        Assert.Equal(1, await _nodes[2].ExitCodeAsync());
        Assert.Contains("cluster: this node is out", _nodes[2].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_node_whose_certificate_another_CA_has_signed_is_not_let_in()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1, certificates: "other");
        await _nodes[0].HearAsync(@"shows a certificate that no CA of cluster\.tls\.ca has signed");
        Assert.DoesNotContain("of 2 nodes", _nodes[0].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_node_with_other_settings_than_the_cluster_is_refused()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1, stableAfter: "2s");

        Assert.Equal(1, await _nodes[1].ExitCodeAsync());
        Assert.Contains(
            $"error: actor-sockets.cluster: this node has heartbeat-pause = 3 s, stable-after = 2 s, tls; 127.0.0.1:{_ports[0]}, which was in the cluster within the last 10 s, has heartbeat-pause = 3 s, stable-after = 1 s, tls. "
            + "All nodes need the same: to change them, stop all nodes once", _nodes[1].Said, StringComparison.Ordinal);
        Assert.DoesNotContain("of 2 nodes", _nodes[0].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_program_with_the_port_of_a_node_does_not_start()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        var (exitCode, said) = await HostProcess.RunAsync("run", Path.Combine(_directory, "node-0.conf"));
        Assert.Equal((1, $"error: actor-sockets.cluster: cannot listen on 127.0.0.1:{_ports[0]}: Address already in use"), (exitCode, said.Trim()));
    }

    private async Task StartAsync(int node, string certificates = "pki", string stableAfter = "1s")
    {
        var conf = Path.Combine(_directory, $"node-{node}.conf");
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              cluster {
                enabled = on, port = {{_ports[node]}}, stable-after = {{stableAfter}}, heartbeat-pause = 3s
                tls { certificate = "{{_directory}}/{{certificates}}/server.crt", key = "{{_directory}}/{{certificates}}/server.key", ca = "{{_directory}}/pki/ca.crt" }
              }
              outbox { store = postgresql, connection = "{{_server.Connection}}", password-file = "{{_server.PasswordFile}}" }
              servers.in { port = 0, protocol = deliveries, sink = relay, relay-to = [archive] }
              targets.archive { port = 1, protocol = deliveries }
            }
            """);
        _nodes.Add(HostProcess.Start("run", conf));
        await _nodes[node].PortOfAsync("in");
    }
}
