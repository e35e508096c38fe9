using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>The program with its web server.</summary>
public sealed class WebSpecs
{
    private static readonly string[] OnAnyPort = ["--set", "actor-sockets.web.enabled=on", "--set", "actor-sockets.web.port=0"];

    [Fact]
    public async Task A_run_says_where_its_web_server_listens_and_ends_as_without_one()
    {
        await using var server = HostProcess.Start(["serve", ":0", "--sink", "discard", .. OnAnyPort]);
        await server.PortOfAsync("server-1");
        var page = new Uri((await server.HearAsync(@"^web: listening on (http://127\.0\.0\.1:\d+/)$")).Groups[1].Value);
        using var client = new HttpClient();
        Assert.Equal("ready\n", await client.GetStringAsync(new Uri(page, "health/ready")));
        Assert.Contains("actorsockets_server_listening{server=\"server-1\"} 1\n", await client.GetStringAsync(new Uri(page, "metrics")), StringComparison.Ordinal);
        await server.SignalAsync("INT");
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task A_web_server_that_cannot_listen_is_an_error()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        var (exitCode, said) = await HostProcess.RunAsync(["serve", ":0", "--set", "actor-sockets.web.enabled=on", "--set", $"actor-sockets.web.port={port}"]);
        Assert.Equal(1, exitCode);
        Assert.Contains($"error: actor-sockets.web: cannot listen on 127.0.0.1:{port}: Address already in use", said, StringComparison.Ordinal);
    }
}
