using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Nodes of a cluster with one outbox in PostgreSQL, run as a user runs them, and started again when they end as a service manager does.</summary>
public sealed partial class ClusterSpecs : IAsyncLifetime
{
    private const int Targets = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("cluster-specs-").FullName;
    private readonly (int Cluster, int In)[] _ports = [.. Enumerable.Range(0, 3).Select(_ => (FreePort(), FreePort()))];
    private readonly HostProcess?[] _nodes = new HostProcess?[3];
    private readonly List<HostProcess> _ended = [];
    private PrivatePostgres? _server;
    private HostProcess _receiver = null!;
    private DeliveryClient? _client;
    private int _node;

    public async Task InitializeAsync()
    {
        if (PrivatePostgres.WhyMissing is null)
            _server = await PrivatePostgres.StartAsync();
        foreach (var pki in (string[])["pki", "other"])
            Assert.Equal(0, (await HostProcess.RunAsync("init", "--tls", Path.Combine(_directory, pki))).ExitCode);
        var receiver = Path.Combine(_directory, "receiver.conf");
        await File.WriteAllTextAsync(receiver, $$"""
            actor-sockets {
              # What piled up for a target comes in a burst, and the specs read each line.
              report.max-lines-per-second = 100000
              server-defaults { protocol = deliveries, sink = file }
              servers {
                {{string.Join("\n", Enumerable.Range(0, Targets).Select(i => $"t{i} {{ directory = \"{_directory}/t{i}\" }}"))}}
              }
            }
            """);
        foreach (var target in Enumerable.Range(0, Targets))
            Directory.CreateDirectory(Path.Combine(_directory, $"t{target}"));
        _receiver = HostProcess.Start("run", receiver);
    }

    public async Task DisposeAsync()
    {
        foreach (var process in _nodes.OfType<HostProcess>().Concat(_ended).Append(_receiver))
            await process.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Whatever_is_acknowledged_is_stored_once_and_in_order_while_nodes_are_killed_stopped_and_stop()
    {
        if (_server is null || !OperatingSystem.IsLinux())
            return;

        var ports = new int[Targets];
        for (var i = 0; i < Targets; i++)
            ports[i] = await _receiver.PortOfAsync($"t{i}");
        for (var i = 0; i < _nodes.Length; i++)
            await StartAsync(i, ports);
        foreach (var node in _nodes)
            await node!.HearAsync(@"^cluster: .* is up, of 3 nodes");

        var next = 0;
        await DeliverAsync(30);

        // Killed, and started again by its service manager.
        await _nodes[1]!.SignalAsync("KILL");
        await DeliverAsync(30);
        await _nodes[0]!.HearAsync($@"^cluster: 127\.0\.0\.1:{_ports[1].Cluster} is out");
        await RestartAsync(1, ports);

        // Stopped for so long that the others take its targets; it may end them no more when it goes on, and ends.
        await _nodes[2]!.SignalAsync("STOP");
        await DeliverAsync(30);
        await _nodes[0]!.HearAsync($@"^cluster: 127\.0\.0\.1:{_ports[2].Cluster} is out");
        await DeliverAsync(30);
        await _nodes[2]!.SignalAsync("CONT");
        await DeliverAsync(30);
        Assert.Equal(1, await _nodes[2]!.ExitCodeAsync());
        Assert.Contains("cluster: this node is out", _nodes[2]!.Said, StringComparison.Ordinal);
        await RestartAsync(2, ports);

        // Stopped in order: its targets are on the others when it has ended.
        var stopping = _nodes[0]!;
        await stopping.SignalAsync("TERM");
        await DeliverAsync(30);
        Assert.Equal(0, await stopping.ExitCodeAsync());
        await DeliverAsync(30);

        await WhenStoredAsync(next);
        for (var target = 0; target < Targets; target++)
        {
            var expected = Enumerable.Range(0, next).Select(i => $"p-{i}").ToArray();
            Assert.Equal(expected.Order(StringComparer.Ordinal), FilesOf(target).Order(StringComparer.Ordinal));
            // What is under way together is stored together, in no order; the first target gets one at a time.
            if (target == 0)
                Assert.Equal(expected, ArrivedAt(target));
            for (var i = 0; i < next; i++)
                Assert.Equal(Payload(i), await File.ReadAllBytesAsync(Path.Combine(_directory, $"t{target}", $"p-{i}")));
        }

        // One after another, each through a node that answers.
        async Task DeliverAsync(int count)
        {
            for (var end = next + count; next < end; next++)
                await DeliverOneAsync($"p-{next}", Payload(next));
        }
    }

    [Fact]
    public async Task A_node_whose_certificate_another_CA_has_signed_is_not_let_in()
    {
        if (_server is null)
            return;

        var ports = Enumerable.Repeat(1, Targets).ToArray();
        await StartAsync(0, ports);
        await _nodes[0]!.HearAsync("^cluster: .* is up, of 1 node$");
        await StartAsync(1, ports, certificates: "other");
        await _nodes[0]!.HearAsync(@"shows a certificate that no CA of cluster\.tls\.ca has signed");
        Assert.DoesNotContain("of 2 nodes", _nodes[0]!.Said, StringComparison.Ordinal);
    }

    private async Task DeliverOneAsync(string id, byte[] payload)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            try
            {
                _client ??= await DeliveryClient.ConnectAsync(_ports[_node].In).WaitAsync(AnswerPatience, patience.Token);
                await _client.DeliverAsync(id, payload, $" name={id}").WaitAsync(AnswerPatience, patience.Token);
                var answer = await _client.HearAsync().WaitAsync(AnswerPatience, patience.Token);
                if (answer == DeliveryClient.Received(id, payload))
                    return;
                if (answer is not null)
                    Assert.StartsWith("later ", answer, StringComparison.Ordinal);
            }
            catch (Exception e) when (e is IOException or SocketException or TimeoutException)
            {
                // Another node.
            }

            _client?.Dispose();
            (_client, _node) = (null, (_node + 1) % _ports.Length);
            await Task.Delay(TimeSpan.FromMilliseconds(100), patience.Token);
        }
    }

    private async Task StartAsync(int node, int[] ports, string certificates = "pki")
    {
        var conf = Path.Combine(_directory, $"node-{node}.conf");
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              cluster {
                enabled = on, port = {{_ports[node].Cluster}}, stable-after = 2s, heartbeat-pause = 3s
                tls { certificate = "{{_directory}}/{{certificates}}/server.crt", key = "{{_directory}}/{{certificates}}/server.key", ca = "{{_directory}}/pki/ca.crt" }
                seeds = [{{string.Join(", ", _ports.Select(port => $"\"127.0.0.1:{port.Cluster}\""))}}]
              }
              outbox { store = postgresql, connection = "{{_server!.Connection}}", password-file = "{{_server.PasswordFile}}" }
              servers.in { port = {{_ports[node].In}}, protocol = deliveries, sink = relay, relay-to = [{{string.Join(", ", Enumerable.Range(0, Targets).Select(i => $"t{i}"))}}] }
              target-defaults { protocol = deliveries, backoff { min = 50ms, max = 500ms } }
              targets {
                {{string.Join("\n", Enumerable.Range(0, Targets).Select(i => $"t{i} {{ port = {ports[i]}, window = {(i == 0 ? 1 : 64)} }}"))}}
              }
            }
            """);
        _nodes[node] = HostProcess.Start("run", conf);
        await _nodes[node]!.PortOfAsync("in");
    }

    private async Task RestartAsync(int node, int[] ports)
    {
        await _nodes[node]!.ExitCodeAsync();
        _ended.Add(_nodes[node]!);
        await StartAsync(node, ports);
        await _nodes[node]!.HearAsync($@"^cluster: 127\.0\.0\.1:{_ports[node].Cluster} is up");
    }

    private async Task WhenStoredAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (Enumerable.Range(0, Targets).Any(target => ArrivedAt(target).Length < count))
        {
            if (patience.IsCancellationRequested)
                Assert.Fail(await MissingAsync(count));
            await Task.Delay(TimeSpan.FromMilliseconds(200), CancellationToken.None);
        }
    }

    /// <summary>What did not arrive, where it is, and what the nodes said last.</summary>
    private async Task<string> MissingAsync(int count)
    {
        var missing = Enumerable.Range(0, Targets).Select(target =>
            $"t{target}: {string.Join(' ', Enumerable.Range(0, count).Select(i => $"p-{i}").Except(ArrivedAt(target)))} missing, {FilesOf(target).Length} files of {count}");
        var (_, waiting) = await HostProcess.RunAsync("queue", "list", Path.Combine(_directory, "node-1.conf"));
        return string.Join('\n', missing) + $"\nin the outbox:\n{waiting}\n" + string.Join("\n--\n", _nodes.Select(node => string.Join('\n', node!.Said.Split('\n').TakeLast(40))));
    }

    private string[] FilesOf(int target) => [.. Directory.GetFiles(Path.Combine(_directory, $"t{target}")).Select(file => Path.GetFileName(file))];

    /// <summary>
    /// Ids in the order in which the receiver first spoke of them: it says of one that a killed node had sent, and that it could not answer, only
    /// that it came again.
    /// </summary>
    private string[] ArrivedAt(int target) =>
        [.. Arrived().Matches(_receiver.Said).Where(match => match.Groups[1].Value == $"t{target}").Select(match => match.Groups[2].Value).Distinct()];

    private static byte[] Payload(int number) => DeliveryClient.Payload(100 + 7_001 * (number % 20), seed: number);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"^server (t\d): \S+ delivered (p-\d+)(?:: | again)", RegexOptions.Multiline)]
    private static partial Regex Arrived();
}
