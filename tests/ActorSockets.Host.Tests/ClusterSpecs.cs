using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Nodes that stop, are stopped, or are alone.</summary>
public sealed class ClusterSpecs : ClusterNodes
{
    [PostgresFact]
    public async Task A_node_that_was_stopped_until_the_others_took_its_targets_ends_and_says_why()
    {
        foreach (var node in Enumerable.Range(0, 3))
            await StartAsync(node);
        foreach (var node in Nodes)
            await node.HearAsync("^cluster: .* is up, of 3 nodes");

        await Nodes[2].SignalAsync("STOP");
        await Nodes[0].HearAsync($@"^cluster: 127\.0\.0\.1:{Ports[2]} is out; 2 nodes remain");
        await Nodes[2].SignalAsync("CONT");

        Assert.Equal(1, await Nodes[2].ExitCodeAsync());
        Assert.Contains("cluster: this node is out", Nodes[2].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Connections_between_nodes_that_break_cost_no_node()
    {
        await using var links = new NodeLinks(2, node => Nodes[node].Id);
        foreach (var node in Enumerable.Range(0, 2))
            await StartAsync(node, heartbeatPause: "2s", links: links);
        foreach (var node in Nodes)
            await node.HearAsync("^cluster: .* is up, of 2 nodes");

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await links.BreakAsync(patience.Token);
        Assert.All(Nodes, node => Assert.DoesNotMatch("is unreachable|is out", node.Said));
    }

    [PostgresFact]
    public async Task A_node_that_nobody_lets_in_says_so_and_is_not_ready()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        var page = (await Nodes[0].HearAsync("^web: listening on (.*)$")).Groups[1].Value;
        Assert.Equal((0, "ready\n"), await HostProcess.RunAsync("health", page));
        await Nodes[0].SignalAsync("TERM");
        Assert.Equal(0, await Nodes[0].ExitCodeAsync());

        // A node that never answers.
        await Server.ExecuteInAsync("relay", "insert into actorsockets.node values ('127.0.0.1:1', now() + interval '1 hour', 'heartbeat-pause = 3 s, stable-after = 1 s, tls', '')");
        await StartAsync(1);
        await Nodes[1].HearAsync(@"^warning: cluster: this node is in none yet: 127\.0\.0\.1:1 did not let it in for 10 s");
        page = (await Nodes[1].HearAsync("^web: listening on (.*)$")).Groups[1].Value;
        Assert.Equal((1, $"error: {page}: this node is in no cluster yet\n"), await HostProcess.RunAsync("health", page));
        Assert.Equal((1, $"error: {page}: is in no cluster yet: no other node has let it in\n"), await HostProcess.RunAsync("cluster", page));
    }

    [PostgresFact]
    public async Task A_node_that_stops_is_out_and_nothing_more_is_said_of_it()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1);
        await Nodes[1].HearAsync("^cluster: .* is up, of 2 nodes$");
        await Nodes[1].SignalAsync("TERM");
        Assert.Equal(0, await Nodes[1].ExitCodeAsync());
        Assert.Contains($"cluster: 127.0.0.1:{Ports[1]} leaves; the other nodes take its targets", Nodes[1].Said, StringComparison.Ordinal);
        await Nodes[0].HearAsync($@"^cluster: 127\.0\.0\.1:{Ports[1]} is out; 1 node remains");
        foreach (var node in Nodes)
            Assert.DoesNotMatch("warning:|error:|akka", node.Said);
    }

    [PostgresFact]
    public async Task A_node_says_that_changed_certificates_of_the_cluster_need_a_restart()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        foreach (var file in (string[])["ca.crt", "server.key", "server.crt"])
            File.Copy(Path.Combine(Place, "other", file), Path.Combine(Place, "pki", file), overwrite: true);
        await Nodes[0].HearAsync("^warning: cluster: the TLS files changed: restart this node, which reads them at its start only$");
    }

    [PostgresFact]
    public async Task A_certificate_of_the_cluster_that_expires_soon_is_warned_of()
    {
        await StartAsync(0, more: "tls.expiry-warning = 100d");
        await Nodes[0].HearAsync(@"^warning: cluster: its certificate expires on \d{4}-\d\d-\d\d \d\d:\d\d UTC: renew it$");
        var (exitCode, said) = await HostProcess.RunAsync("check", Path.Combine(Place, "node-0.conf"));
        Assert.Equal(0, exitCode);
        Assert.Matches(@"(?m)^warning: .*node-0\.conf:\d+: actor-sockets\.cluster\.tls\.certificate: the certificate expires on ", said);
    }

    [PostgresFact]
    public async Task Of_two_clusters_with_one_database_one_ends_and_says_why()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        // The second node does not see the first one, and begins a cluster.
        using var isAlone = new CancellationTokenSource();
        var hiding = HideAsync(isAlone.Token);
        await StartAsync(1);
        await Nodes[1].HearAsync("^cluster: .* is up, of 1 node$");
        await isAlone.CancelAsync();
        await hiding;

        var (stays, ends) = string.CompareOrdinal($"{Ports[0]}", $"{Ports[1]}") < 0 ? (0, 1) : (1, 0);
        Assert.Equal(1, await Nodes[ends].ExitCodeAsync());
        Assert.Contains($"error: actor-sockets.cluster: this node is out: 127.0.0.1:{Ports[stays]} is in a cluster without it, which stays. Start it again", Nodes[ends].Said, StringComparison.Ordinal);

        async Task HideAsync(CancellationToken cancellation)
        {
            while (!cancellation.IsCancellationRequested)
                await Server.ExecuteInAsync("relay", $"delete from actorsockets.node where name = '127.0.0.1:{Ports[0]}'");
        }
    }
}
