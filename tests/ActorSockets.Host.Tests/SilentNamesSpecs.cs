using System.Globalization;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>
/// Names that never resolve: each program runs in a network of its own, whose name server is a neighbour that takes every packet
/// and answers none. Needs root, ip(8) and unshare(1).
/// </summary>
public sealed class SilentNamesSpecs : IDisposable
{
    private const string SilentNetwork = """
        ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && ip link set v0 up && ip link set v1 up &&
        ip neigh add 192.0.2.53 lladdr 02:00:00:00:00:53 dev v0 && mount --bind "$0" /etc/resolv.conf && exec "$@"
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("silent-names-").FullName;

    [Fact]
    public async Task Fifty_names_that_never_resolve_hold_up_no_address()
    {
        // A network of its own has every port free.
        await using var run = Start($$"""
            actor-sockets {
              servers.inbox { port = 9000, sink = discard, receipt = on }
              target-defaults { port = 9000, payload.text = hello, confirm = receipt, give-up-after = 8s, max-attempts = 1, connect-timeout = 8s }
              targets {
                {{string.Join('\n', Enumerable.Range(0, 50).Select(i => string.Create(CultureInfo.InvariantCulture, $"silent-{i} {{ host = n{i}.silent.example }}")))}}
                healthy { give-up-after = 60s, connect-timeout = 60s }
              }
              exit-when-delivered = on
            }
            """);
        Assert.Equal(1, await run.ExitCodeAsync());
        Assert.Contains("target healthy: DELIVERED", run.Said, StringComparison.Ordinal);
        Assert.Equal(50, Regex.Count(run.Said, @"target silent-\d+: FAILED: .* did not resolve or answer within 8 s \(connect-timeout\)"));
        // None of the others had ended by then.
        Assert.DoesNotContain("FAILED", run.Said[..run.Said.IndexOf("DELIVERED", StringComparison.Ordinal)], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_is_heard_while_a_server_s_name_is_being_resolved()
    {
        await using var run = Start("actor-sockets.servers { quick.port = 9000, silent { host = silent.example, port = 9001, bind-timeout = 1h } }");
        await run.HearAsync("server quick: listening");
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private HostProcess Start(string hocon)
    {
        var (resolver, configuration) = (Path.Combine(_directory, "resolv.conf"), Path.Combine(_directory, "run.conf"));
        File.WriteAllText(resolver, "nameserver 192.0.2.53\noptions timeout:30 attempts:8\n");
        File.WriteAllText(configuration, hocon);
        return HostProcess.StartBelow("unshare", ["-mn", "bash", "-c", SilentNetwork, resolver], "run", configuration);
    }
}
