using System.Net;
using System.Net.Sockets;
using ActorSockets.Events;
using ActorSockets.Host.Commands;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary><c>actorsockets cluster</c>: what it prints, and what it asks.</summary>
public sealed class ClusterCommandSpecs : IDisposable
{
    private static readonly ClusterEvents.Node[] Nodes =
    [
        new("10.0.0.1:7600", false, ClusterEvents.NodeState.Unreachable, ["sender"], 12),
        new("10.0.0.2:7600", true, ClusterEvents.NodeState.WeaklyUp, [], 0),
        new("[::1]:7600", false, ClusterEvents.NodeState.Up, ["a", "sender"], null),
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("cluster-command-specs-").FullName;

    private string Conf => Path.Combine(_directory, "node.conf");

    private string Token => Path.Combine(_directory, "token");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void People_get_a_table_and_programs_a_line_for_each_node()
    {
        Assert.Equal(
            [
                "node                   state        targets  roles",
                "10.0.0.1:7600          unreachable  12       sender",
                "10.0.0.2:7600 (asked)  weakly-up    0        none",
                "[::1]:7600             up           unknown  a, sender",
            ],
            ClusterCommand.Table(Nodes));
        Assert.Equal(
            [
                """{"name":"10.0.0.1:7600","isSelf":false,"state":"unreachable","roles":["sender"],"targets":12}""",
                """{"name":"10.0.0.2:7600","isSelf":true,"state":"weakly-up","roles":[],"targets":0}""",
                """{"name":"[::1]:7600","isSelf":false,"state":"up","roles":["a","sender"],"targets":null}""",
            ],
            ClusterCommand.Lines(Nodes));
    }

    [Fact]
    public async Task A_program_that_is_no_node_is_said_to_be_none()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--set", "actor-sockets.web.enabled=on", "--set", "actor-sockets.web.port=0");
        var page = (await server.HearAsync("^web: listening on (.*)$")).Groups[1].Value;
        var message = $"error: {page}: is no node of a cluster: it runs with cluster.enabled = off\n";
        Assert.Equal((1, message), await HostProcess.RunAsync("cluster", page));
    }

    [Theory]
    [InlineData("", 78, "actor-sockets.web.enabled: is off: only a program with a web server can be asked")]
    [InlineData("web { enabled = on, port = 0 }", 78, "actor-sockets.web.port: is 0, any free port: name the URL that the program has reported")]
    [InlineData("web { enabled = on, port = 1 }", 1, "http://127.0.0.1:1/: Connection refused (127.0.0.1:1); does the program run there, with web.enabled = on?")]
    [InlineData("web { enabled = on, port = 1, host = \"::\", token-file = TOKEN }", 1, "http://[::1]:1/: ")]
    public async Task A_configuration_names_the_web_server(string settings, int expected, string message)
    {
        await File.WriteAllTextAsync(Token, "0123456789abcdef\n");
        await File.WriteAllTextAsync(Conf, $"actor-sockets {{ servers.in.port = 0\n{settings.Replace("TOKEN", $"\"{Token}\"", StringComparison.Ordinal)} }}");
        var (exitCode, said) = await HostProcess.RunAsync("cluster", Conf);
        Assert.Equal(expected, exitCode);
        Assert.StartsWith("error: ", said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.Single(said.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_node_counts_the_targets_that_it_runs()
    {
        if (PrivatePostgres.WhyMissing is not null)
            return;

        await using var postgres = await PrivatePostgres.StartAsync();
        await using var receiver = HostProcess.Start("serve", ":0", "--sink", "discard", "--protocol", "deliveries");
        var (port, web) = (FreePort(), FreePort());
        await File.WriteAllTextAsync(Token, "0123456789abcdef\n");
        await File.WriteAllTextAsync(Conf, $$"""
            actor-sockets {
              cluster { enabled = on, port = {{port}} }
              web { enabled = on, port = {{web}}, token-file = "{{Token}}" }
              outbox { store = postgresql, connection = "{{postgres.Connection}}", password-file = "{{postgres.PasswordFile}}" }
              servers.in { protocol = deliveries, sink = relay, relay-to = [one, two] }
              target-defaults { port = {{await receiver.PortOfAsync("server-1")}}, protocol = deliveries }
              targets { one { }, two { } }
            }
            """);
        await using var node = HostProcess.Start("run", Conf);
        var (sent, said) = await HostProcess.RunAsync("send", "LICENSE", "--to", $":{await node.PortOfAsync("in")}", "--protocol", "deliveries");
        Assert.True(sent == 0, said);

        var table = $"""
            node{new string(' ', $"127.0.0.1:{port} (asked)".Length - 4)}  state  targets  roles
            127.0.0.1:{port} (asked)  up     2        sender

            """;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (await HostProcess.RunAsync("cluster", Conf) is var answer && answer != (0, table))
            Assert.False(patience.IsCancellationRequested, answer.Said);
        var page = $"http://127.0.0.1:{web}/";
        Assert.Equal((1, $"error: {page}: needs its token: --token-file FILE\n"), await HostProcess.RunAsync("cluster", page));
        Assert.Equal((0, $$"""{"name":"127.0.0.1:{{port}}","isSelf":true,"state":"up","roles":["sender"],"targets":2}""" + "\n"),
            await HostProcess.RunAsync("cluster", page, "--token-file", Token, "--json"));
        Assert.Matches("^cluster +nodes: 1 up; 2 targets here", (await HostProcess.RunAsync("top", page, "--token-file", Token)).Said.Split('\n')[^2]);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
