using System.Net;
using System.Net.Sockets;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>SIGHUP reloads the configuration: what differs comes and goes, everything else keeps its connection.</summary>
public sealed class ReloadSpecs : IDisposable
{
    // More than the kernel's buffers hold: it stays under way until the test reads it.
    private const int Length = 32 * 1024 * 1024;

    private readonly string _directory = Directory.CreateTempSubdirectory("reload-specs-").FullName;
    private readonly List<TcpListener> _listeners = [];

    [Fact]
    public async Task Deliveries_and_connections_of_unchanged_targets_and_servers_go_on_on_their_same_connection()
    {
        var (steady, gone, added) = (Listen(), Listen(), Listen());
        var payload = $"payload {{ generated {{ size = {Length} }} }}";
        Write($$"""
            servers { kept { port = 0, sink = discard }, changing { port = 0, sink = discard }, leaving { port = 0, sink = discard } }
            targets { steady { port = {{PortOf(steady)}}, {{payload}} }, gone { port = {{PortOf(gone)}}, {{payload}} } }
            """);
        await using var run = Run();
        using var toKept = await ConnectAsync(await run.PortOfAsync("kept"));
        await run.HearAsync("^server kept: .* connected$");
        using var fromSteady = await steady.AcceptTcpClientAsync();
        await run.HearAsync("^target gone: connected");

        Write($$"""
            servers { kept { port = 0, sink = discard }, changing { port = 0, sink = discard, idle-timeout = 1h }, new { port = 0, sink = discard } }
            targets { steady { port = {{PortOf(steady)}}, {{payload}} }, new { port = {{PortOf(added)}}, payload { text = "hello" } } }
            """);
        await run.SignalAsync("HUP");
        // The delivery to a target that goes has the time of a drain to end.
        using (var fromGone = await gone.AcceptTcpClientAsync())
            Assert.Equal(Length, await ReadToEndAsync(fromGone));
        using (var fromNew = await added.AcceptTcpClientAsync())
            Assert.Equal(5, await ReadToEndAsync(fromNew));
        await run.HearAsync("^reloaded: server changing changed, server leaving removed, server new added, target gone removed, target new added$");

        await toKept.Client.SendAsync("kept"u8.ToArray());
        toKept.Client.Shutdown(SocketShutdown.Send);
        await run.HearAsync("^server kept: .* closed after 4 B");
        Assert.Equal(Length, await ReadToEndAsync(fromSteady));
        await run.HearAsync("^target steady: SENT 32 MiB");
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());
        Assert.Single(run.Said.Split('\n'), line => line.StartsWith("target steady: connecting", StringComparison.Ordinal));
        Assert.Single(run.Said.Split('\n'), line => line.StartsWith("server kept: listening", StringComparison.Ordinal));
        Assert.DoesNotContain("FAILED", run.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_file_changes_nothing_and_says_why_in_one_line()
    {
        Write("servers { in { port = 0, sink = discard } }");
        await using var run = Run();
        var port = await run.PortOfAsync("in");
        Write("servers { in { port = 0, sink = flie } }\ntargets.t { prot = 1 }");
        await run.SignalAsync("HUP");
        var said = (await run.HearAsync("^error: not reloaded.*$")).Value;
        Assert.Matches($@"^error: not reloaded, nothing changed: {Conf}:[23]: actor-sockets\..*\(and [12] more\)$", said);
        File.Delete(Conf);
        await run.SignalAsync("HUP");
        await run.HearAsync($"^error: not reloaded, nothing changed: {Conf}: no such file$");
        using (await ConnectAsync(port))
            await run.HearAsync("connected$");
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());
        Assert.Single(run.Said.Split('\n'), line => line.Contains("listening", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_changed_target_gets_its_payload_where_it_now_is_unless_it_has_it()
    {
        var target = Listen();
        Write("targets.t { port = 1, payload { text = hello } }\nservers.in { port = 0, sink = discard }");
        await using var run = Run("--set", "actor-sockets.target-defaults.backoff.min=1h", "--set", "actor-sockets.target-defaults.backoff.max=1h",
            "--set", "actor-sockets.shutdown.retry-timeout=0s");
        await run.HearAsync("^target t: .*refused");
        var here = $"targets.t {{ port = {PortOf(target)}, payload {{ text = hello }}";
        Write($"{here} }}\nservers.in {{ port = 0, sink = discard }}");
        await run.SignalAsync("HUP");
        using (var connection = await target.AcceptTcpClientAsync())
            Assert.Equal(5, await ReadToEndAsync(connection));
        await run.HearAsync("^target t: SENT 5 B");
        await run.HearAsync("^reloaded: target t changed$");

        Write($"{here}, busy-after = 5s }}\nservers.in {{ port = 0, sink = discard }}");
        await run.SignalAsync("HUP");
        await run.HearAsync("^reloaded: target t changed\r?\n(.*\n)*reloaded: target t changed$");
        Write($"{here.Replace("hello", "howdy", StringComparison.Ordinal)}, busy-after = 5s }}\nservers.in {{ port = 0, sink = discard }}");
        await run.SignalAsync("HUP");
        using (var connection = await target.AcceptTcpClientAsync())
            Assert.Equal(5, await ReadToEndAsync(connection));
        await run.HearAsync("^target t: SENT 5 B(.*\n)*target t: SENT 5 B");
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());
        // To port 1, and twice to where it is.
        Assert.Equal(3, run.Said.Split('\n').Count(line => line.StartsWith("target t: connecting", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_server_that_cannot_listen_where_it_should_stays_where_it_was()
    {
        var taken = Listen();
        var port = PortOf(taken);
        Write("servers.in { port = 0, sink = discard }");
        await using var run = Run();
        await run.PortOfAsync("in");
        Write($"servers.in {{ port = {port}, sink = discard }}");
        await run.SignalAsync("HUP");
        await run.HearAsync("^error: .*servers.in: cannot listen on .*Address already in use");
        await run.HearAsync("^reloaded: server in stays as it was$");
        // What did not come to pass is tried again.
        taken.Stop();
        await run.SignalAsync("HUP");
        await run.HearAsync("^reloaded: server in changed$");
        using (await ConnectAsync(port))
            await run.HearAsync("connected$");
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());
    }

    [Fact]
    public async Task What_needs_a_restart_is_named_and_nothing_else_changes()
    {
        Write("servers.in { port = 0, sink = discard }");
        await using var run = Run("--json");
        await run.HearAsync("\"bound\"");
        await run.SignalAsync("HUP");
        await run.HearAsync("\"event\":\"reloaded\",\"changes\":\\[\\],\"needRestart\":\\[\\]");
        Write("servers.in { port = 0, sink = discard }\nreport.max-rows = 7\nticker.enabled = on");
        await run.SignalAsync("HUP");
        await run.HearAsync("\"event\":\"reloaded\",\"changes\":\\[\\],\"needRestart\":\\[\"actor-sockets.(ticker.enabled|report.max-rows)\",\"actor-sockets.(ticker.enabled|report.max-rows)\"\\]");
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());
        Assert.DoesNotContain("\"ticked\"", run.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_in_the_middle_of_a_reload_stops()
    {
        var (gone, kept) = (Listen(), Listen());
        Write($"targets {{ gone {{ port = {PortOf(gone)}, payload {{ generated {{ size = {Length} }} }} }}, kept {{ port = {PortOf(kept)} }} }}");
        await using var run = Run();
        await run.HearAsync("^target gone: connected");
        Write($"targets {{ kept {{ port = {PortOf(kept)} }} }}\nservers.in {{ port = 0, sink = discard }}");
        await run.SignalAsync("HUP");
        // The new server is there while the target is still going.
        await run.PortOfAsync("in");
        await run.SignalAsync("TERM");
        using (var connection = await gone.AcceptTcpClientAsync())
            Assert.Equal(Length, await ReadToEndAsync(connection));
        Assert.Equal(0, await run.ExitCodeAsync());
    }

    [Fact]
    public async Task A_closed_terminal_stops_it()
    {
        Write("servers.in { port = 0, sink = discard }\nshutdown { drain-timeout = 100ms }");
        await using var terminal = HostProcess.StartOnTerminal(80, 24, "", "run", Conf, "--set", "actor-sockets.report.format=lines");
        using var client = await ConnectAsync(await terminal.PortOfAsync("in"));
        await terminal.HearAsync("connected");
        // With its terminal there it reloads.
        await HostProcess.SignalAsync(await terminal.ChildAsync(), "HUP");
        await terminal.HearAsync("reloaded: nothing changed");
        await terminal.SignalAsync("KILL");
        await Assert.ThrowsAnyAsync<SocketException>(async () => await client.Client.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    public void Dispose()
    {
        _listeners.ForEach(l => l.Dispose());
        Directory.Delete(_directory, recursive: true);
    }

    private string Conf => Path.Combine(_directory, "relay.conf");

    private HostProcess Run(params string[] options) => HostProcess.Start(["run", Conf, .. options]);

    private void Write(string settings) => File.WriteAllText(Conf, $"actor-sockets {{\n{settings}\n}}\n");

    private TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _listeners.Add(listener);
        return listener;
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private static async Task<TcpClient> ConnectAsync(int port)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        return client;
    }

    private static async Task<long> ReadToEndAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var (buffer, total) = (new byte[1 << 20], 0L);
        while (await client.Client.ReceiveAsync(buffer, patience.Token) is > 0 and var read)
            total += read;
        client.Client.Shutdown(SocketShutdown.Send);
        return total;
    }
}
