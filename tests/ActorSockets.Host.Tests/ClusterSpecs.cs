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
    public async Task A_node_whose_certificate_no_CA_of_the_others_has_signed_is_not_let_in()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await File.WriteAllTextAsync(
            Path.Combine(_directory, "both.crt"),
            await File.ReadAllTextAsync(Path.Combine(_directory, "pki", "ca.crt")) + await File.ReadAllTextAsync(Path.Combine(_directory, "other", "ca.crt")));
        await StartAsync(1, certificate: "other", ca: "both.crt");
        await _nodes[0].HearAsync(@"^warning: cluster: 127\.0\.0\.1:\d+ shows a certificate that no CA of cluster\.tls\.ca has signed");
        // In TLS 1.3 a client may be done before the server refuses it.
        await _nodes[1].HearAsync(@"another node refused it\. Has a CA of the others signed its certificate|is in none yet: .* Has a CA of theirs signed its certificate");
        Assert.DoesNotContain("of 2 nodes", _nodes[0].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_node_that_nobody_lets_in_says_so_and_is_not_ready()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        var page = (await _nodes[0].HearAsync("^web: listening on (.*)$")).Groups[1].Value;
        Assert.Equal((0, "ready\n"), await HostProcess.RunAsync("health", page));
        await _nodes[0].SignalAsync("TERM");
        Assert.Equal(0, await _nodes[0].ExitCodeAsync());

        // A node that never answers.
        await _server.ExecuteInAsync("relay", "insert into actorsockets.node values ('127.0.0.1:1', now() + interval '1 hour', 'heartbeat-pause = 3 s, stable-after = 1 s, tls', '')");
        await StartAsync(1);
        await _nodes[1].HearAsync(@"^warning: cluster: this node is in none yet: 127\.0\.0\.1:1 did not let it in for 10 s");
        page = (await _nodes[1].HearAsync("^web: listening on (.*)$")).Groups[1].Value;
        Assert.Equal((1, $"error: {page}: this node is in no cluster yet\n"), await HostProcess.RunAsync("health", page));
        Assert.Equal((1, $"error: {page}: is in no cluster yet: no other node has let it in\n"), await HostProcess.RunAsync("cluster", page));
    }

    [PostgresFact]
    public async Task A_node_that_knows_no_CA_of_the_others_ends_and_says_why()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1, certificate: "other", ca: "other/ca.crt");
        Assert.Equal(1, await _nodes[1].ExitCodeAsync());
        Assert.Contains(
            $"error: actor-sockets.cluster: this node is out: 127.0.0.1:{_ports[0]} shows a certificate that no CA of cluster.tls.ca has signed, or that is not valid.",
            _nodes[1].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_node_that_stops_is_out_and_nothing_more_is_said_of_it()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1);
        await _nodes[1].HearAsync("^cluster: .* is up, of 2 nodes$");
        await _nodes[1].SignalAsync("TERM");
        Assert.Equal(0, await _nodes[1].ExitCodeAsync());
        Assert.Contains($"cluster: 127.0.0.1:{_ports[1]} leaves; the other nodes take its targets", _nodes[1].Said, StringComparison.Ordinal);
        await _nodes[0].HearAsync($@"^cluster: 127\.0\.0\.1:{_ports[1]} is out; 1 node remains");
        foreach (var node in _nodes)
            Assert.DoesNotMatch("warning:|error:|akka", node.Said);
    }

    [PostgresFact]
    public async Task Of_two_clusters_with_one_database_one_ends_and_says_why()
    {
        await StartAsync(0);
        await _nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        // The second node does not see the first one, and begins a cluster.
        using var isAlone = new CancellationTokenSource();
        var hiding = HideAsync(isAlone.Token);
        await StartAsync(1);
        await _nodes[1].HearAsync("^cluster: .* is up, of 1 node$");
        await isAlone.CancelAsync();
        await hiding;

        var (stays, ends) = string.CompareOrdinal($"{_ports[0]}", $"{_ports[1]}") < 0 ? (0, 1) : (1, 0);
        Assert.Equal(1, await _nodes[ends].ExitCodeAsync());
        Assert.Contains($"error: actor-sockets.cluster: this node is out: 127.0.0.1:{_ports[stays]} is in a cluster without it, which stays. Start it again", _nodes[ends].Said, StringComparison.Ordinal);

        async Task HideAsync(CancellationToken cancellation)
        {
            while (!cancellation.IsCancellationRequested)
                await _server.ExecuteInAsync("relay", $"delete from actorsockets.node where name = '127.0.0.1:{_ports[0]}'");
        }
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

    private async Task StartAsync(int node, string certificate = "pki", string ca = "pki/ca.crt", string stableAfter = "1s")
    {
        var conf = Path.Combine(_directory, $"node-{node}.conf");
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              cluster {
                enabled = on, port = {{_ports[node]}}, stable-after = {{stableAfter}}, heartbeat-pause = 3s
                tls { certificate = "{{_directory}}/{{certificate}}/server.crt", key = "{{_directory}}/{{certificate}}/server.key", ca = "{{_directory}}/{{ca}}" }
              }
              outbox { store = postgresql, connection = "{{_server.Connection}}", password-file = "{{_server.PasswordFile}}" }
              web { enabled = on, port = 0 }
              servers.in { port = 0, protocol = deliveries, sink = relay, relay-to = [archive] }
              targets.archive { port = 1, protocol = deliveries }
            }
            """);
        _nodes.Add(HostProcess.Start("run", conf));
        await _nodes[node].PortOfAsync("in");
    }
}
