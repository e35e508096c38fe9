using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>The six programs that this grew out of, each run from its HOCON file as a process. Ports are free ones.</summary>
public sealed class SeedProgramSpecs
{
    [Theory]
    [InlineData("server-1")]
    [InlineData("server-2")]
    public async Task A_server_prints_who_connected_and_what_they_send_and_Ctrl_C_closes_it(string name)
    {
        await using var server = HostProcess.Start("run", $"hocon/{name}.conf", "--set", $"actor-sockets.servers.{name}.port=0");
        var port = await server.PortOfAsync(name);
        foreach (var text in (string[])["hello\nworld\n", "again\n"])
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            await client.Client.SendAsync(Encoding.ASCII.GetBytes(text));
            client.Client.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await client.Client.ReceiveAsync(new byte[1]));
        }

        await server.HearAsync($@"^server {name}: 127\.0\.0\.1:\d+ closed after 6 B");
        await server.SignalAsync("INT");
        Assert.Equal(0, await server.ExitCodeAsync());
        Assert.Equal(3, server.Output.Length);
        Assert.Matches($@"^{name} < 127\.0\.0\.1:\d+: hello$", server.Output[0]);
        Assert.Matches($@"(?m)^server {name}: 127\.0\.0\.1:\d+ connected", server.Said);
    }

    [Fact]
    public async Task Client_1_fails_at_a_busy_server_and_says_how_much_was_taken()
    {
        await using var server = StartServer("server-1", "processing-delay=1h");
        var port = await server.PortOfAsync("server-1");
        var (exitCode, said) = await HostProcess.RunAsync("run", "hocon/client-1.conf", "--set", $"actor-sockets.targets.server-1.port={port}");
        Assert.Equal(1, exitCode);
        Assert.Matches(@"target server-1: FAILED: 127\.0\.0\.1:\d+ is busy \(on-busy = fail\); \d+ of 16777216 B taken, \d+ B remain", said);
    }

    [Fact]
    public async Task Client_1_makes_a_single_attempt_at_a_server_that_is_not_there()
    {
        var (exitCode, said) = await HostProcess.RunAsync("run", "hocon/client-1.conf", "--set", $"actor-sockets.targets.server-1.port={FreePort.Next()}");
        Assert.Equal(1, exitCode);
        Assert.Contains("Connection refused", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_2_keeps_the_rest_and_completes_at_a_busy_server()
    {
        await using var server = StartServer("server-1", "processing-delay=40ms");
        var port = await server.PortOfAsync("server-1");
        var (exitCode, said) = await HostProcess.RunAsync("run", "hocon/client-2.conf", "--set", $"actor-sockets.targets.server-1.port={port}");
        Assert.Equal(0, exitCode);
        Assert.Contains("target server-1: BLOCKED: took nothing for", said, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^server-1 +sent +16777216 +1 ", said);
        await server.HearAsync(@"closed after 16 MiB \(16777216 B\)");
    }

    [Fact]
    public async Task Client_3_delivers_to_both_servers_while_the_ticker_ticks()
    {
        await using var quick = StartServer("server-1");
        await using var busy = StartServer("server-2", "processing-delay=40ms");
        var (exitCode, said) = await HostProcess.RunAsync(
            "run", "hocon/client-3.conf",
            "--set", $"actor-sockets.targets.server-1.port={await quick.PortOfAsync("server-1")}",
            "--set", $"actor-sockets.targets.server-2.port={await busy.PortOfAsync("server-2")}",
            "--set", "actor-sockets.ticker.interval=100ms");
        Assert.Equal(0, exitCode);
        Assert.Matches(@"(?m)^server-1 +sent +16777216 ", said);
        Assert.Matches(@"(?m)^server-2 +sent +16777216 ", said);
        Assert.Matches(@"(?m)^tick 3\r?$", said);
        Assert.Matches(@"ticker: \d+ ticks, late by p50 \d+\.\d ms, p99 \d+\.\d ms, p99.9 \d+\.\d ms, max \d+\.\d ms", said);
        Assert.True(said.IndexOf("target server-1: SENT", StringComparison.Ordinal) < said.IndexOf("target server-2: SENT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_file_works_against_any_TCP_server()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var reading = ReadAllAsync(listener);
        var (exitCode, _) = await HostProcess.RunAsync(
            "run", "hocon/client-2.conf", "--set", $"actor-sockets.targets.server-1.port={((IPEndPoint)listener.LocalEndpoint).Port}");
        Assert.Equal(0, exitCode);
        Assert.Equal(16 << 20, await reading);
    }

    [Fact]
    public async Task The_demo_delivers_to_both_shows_the_busy_one_blocked_and_ends_by_itself()
    {
        var (exitCode, said) = await HostProcess.RunAsync(
            "run", "hocon/actorsockets.conf", "--set", $"actor-sockets.servers.server-1.port={Port1}", "--set", $"actor-sockets.targets.server-1.port={Port1}",
            "--set", $"actor-sockets.servers.server-2.port={Port2}", "--set", $"actor-sockets.targets.server-2.port={Port2}");
        Assert.Equal(0, exitCode);
        Assert.Matches(@"(?m)^server-1 +sent +16777216 ", said);
        Assert.Matches(@"(?m)^server-2 +sent +16777216 ", said);
        Assert.Contains("target server-2: BLOCKED", said, StringComparison.Ordinal);
        Assert.Contains("target server-2: takes bytes again", said, StringComparison.Ordinal);
    }

    // The demo's servers and targets agree on ports.
    private static int Port1 { get; } = FreePort.Next();

    private static int Port2 { get; } = FreePort.Next();

    private static HostProcess StartServer(string name, params string[] settings) => HostProcess.Start(
    [
        "run", $"hocon/{name}.conf", "--set", $"actor-sockets.servers.{name}.port=0", "--set", "actor-sockets.server-defaults.sink=discard",
        .. settings.SelectMany(s => (string[])["--set", $"actor-sockets.servers.{name}.{s}"]),
    ]);

    private static async Task<long> ReadAllAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var (buffer, total) = (new byte[64 * 1024], 0L);
        for (int count; (count = await client.GetStream().ReadAsync(buffer)) > 0;)
            total += count;
        return total;
    }
}
