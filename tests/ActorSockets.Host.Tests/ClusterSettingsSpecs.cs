using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What check says of a cluster's settings.</summary>
public sealed class ClusterSettingsSpecs
{
    [Theory]
    [InlineData("cluster.enabled = on, outbox.store = postgresql", "actor-sockets.outbox.connection: is missing: needs a connection string, because cluster.enabled is on")]
    [InlineData("cluster.enabled = on, outbox.directory = /tmp/x", "actor-sockets.outbox.store: is sqlite, which one process has: needs postgresql, because cluster.enabled is on")]
    [InlineData("cluster { enabled = on, host = 10.0.0.1 }", "actor-sockets.cluster.host: 10.0.0.1 is not loopback: whoever reaches the port could join; set tls, or insecure = on in a network of your own")]
    [InlineData("cluster { enabled = on, host = 0.0.0.0 }", "actor-sockets.cluster.host: 0.0.0.0 is no address that other nodes can connect to: needs this node's own")]
    [InlineData("cluster { enabled = on, tls.certificate = a.crt }", "actor-sockets.cluster.tls.key: is missing: needs a PEM file: nodes show each other a certificate, with its key, that a CA of theirs has signed")]
    [InlineData("cluster { enabled = on, tls { certificate = a.crt, key = a.key, ca = ca.crt } }", "actor-sockets.cluster.tls.certificate: 'a.crt' cannot be read: ")]
    public async Task A_mistake_is_said_with_its_place(string settings, string message)
    {
        var (exitCode, said) = await CheckAsync(settings);
        Assert.NotEqual(0, exitCode);
        Assert.Contains(message, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("host = 10.0.0.1, insecure = on,")]
    [InlineData("roles = none,")]
    public async Task A_node_opens_no_port_when_it_is_checked(string settings)
    {
        var (exitCode, said) = await CheckAsync($"cluster {{ {settings} enabled = on }}, outbox {{ store = postgresql, connection = \"Host=db;Database=relay\" }}");
        Assert.True(exitCode == 0, said);
    }

    [Fact]
    public async Task A_certificate_that_the_node_s_own_CA_has_not_signed_is_refused()
    {
        var directory = Directory.CreateTempSubdirectory("cluster-settings-").FullName;
        foreach (var pki in (string[])["pki", "other"])
            Assert.Equal(0, (await HostProcess.RunAsync("init", "--tls", Path.Combine(directory, pki))).ExitCode);
        var (exitCode, said) = await CheckAsync($$"""
            cluster { enabled = on, tls { certificate = "{{directory}}/other/server.crt", key = "{{directory}}/other/server.key", ca = "{{directory}}/pki/ca.crt" } }
            outbox { store = postgresql, connection = "Host=db;Database=relay" }
            """);
        Directory.Delete(directory, recursive: true);
        Assert.Equal(78, exitCode);
        Assert.Contains("actor-sockets.cluster.tls.certificate: is not one that a CA in ca has signed: nodes with this file would refuse each other", said, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Said)> CheckAsync(string settings)
    {
        var conf = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(conf, $"actor-sockets {{ {settings}, ticker.enabled = on }}");
            return await HostProcess.RunAsync("check", conf);
        }
        finally
        {
            File.Delete(conf);
        }
    }
}
