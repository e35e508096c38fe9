using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Nodes that a cluster does not let in.</summary>
public sealed class ClusterRefusalSpecs : ClusterNodes
{
    [PostgresFact]
    public async Task A_node_whose_certificate_no_CA_of_the_others_has_signed_is_not_let_in()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await File.WriteAllTextAsync(
            Path.Combine(Place, "both.crt"),
            await File.ReadAllTextAsync(Path.Combine(Place, "pki", "ca.crt")) + await File.ReadAllTextAsync(Path.Combine(Place, "other", "ca.crt")));
        await StartAsync(1, certificate: "other", ca: "both.crt");
        await Nodes[0].HearAsync(@"^warning: cluster: 127\.0\.0\.1:\d+ shows a certificate that no CA of cluster\.tls\.ca has signed");
        // In TLS 1.3 a client may be done before the server refuses it.
        await Nodes[1].HearAsync(@"another node refused it\. Has a CA of the others signed its certificate|is in none yet: .* Has a CA of theirs signed its certificate");
        Assert.DoesNotContain("of 2 nodes", Nodes[0].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_node_that_knows_no_CA_of_the_others_ends_and_says_why()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1, certificate: "other", ca: "other/ca.crt");
        Assert.Equal(1, await Nodes[1].ExitCodeAsync());
        Assert.Contains(
            $"error: actor-sockets.cluster: this node is out: 127.0.0.1:{Ports[0]} shows a certificate that no CA of cluster.tls.ca has signed, or that is not valid.",
            Nodes[1].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_node_with_other_settings_than_the_cluster_is_refused()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1, stableAfter: "2s");

        Assert.Equal(1, await Nodes[1].ExitCodeAsync());
        Assert.Contains(
            $"error: actor-sockets.cluster: this node has heartbeat-pause = 3 s, stable-after = 2 s, tls; 127.0.0.1:{Ports[0]}, which was in the cluster within the last 10 s, has heartbeat-pause = 3 s, stable-after = 1 s, tls. "
            + "All nodes need the same: to change them, stop all nodes once", Nodes[1].Said, StringComparison.Ordinal);
        Assert.DoesNotContain("of 2 nodes", Nodes[0].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_node_with_the_address_of_another_one_ends_and_says_why()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        // As on two machines with cluster.host left at its default.
        await StartAsync(1, named: 0);
        Assert.Equal(1, await Nodes[1].ExitCodeAsync());
        Assert.Contains(
            $"error: actor-sockets.cluster: another process is 127.0.0.1:{Ports[0]}: set cluster.host to an address at which the other nodes reach this one", Nodes[1].Said, StringComparison.Ordinal);
        Assert.DoesNotContain("is up", Nodes[1].Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_program_with_the_port_of_a_node_does_not_start()
    {
        await StartAsync(0);
        await Nodes[0].HearAsync("^cluster: .* is up, of 1 node$");
        var (exitCode, said) = await HostProcess.RunAsync("run", Path.Combine(Place, "node-0.conf"));
        Assert.Equal((1, $"error: actor-sockets.cluster: cannot listen on 127.0.0.1:{Ports[0]}: Address already in use"), (exitCode, said.Trim()));
    }
}
