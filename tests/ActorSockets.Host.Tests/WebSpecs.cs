using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
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

    /// <summary>The page shows the overview's figures: PageSpecs.</summary>
    [Fact]
    public async Task Table_overview_metrics_and_summary_agree_in_the_end_to_the_byte()
    {
        // The table shows fewer than 1,024 bytes exactly.
        const int Length = 1_007;
        var conf = Path.GetTempFileName();
        try
        {
            await using var receiver = HostProcess.Start(["serve", ":0", "--sink", "discard", "--receipt", "--json", .. OnAnyPort]);
            var port = (await receiver.HearAsync("\"bound\".*127.0.0.1:(\\d+)")).Groups[1].Value;
            await File.WriteAllTextAsync(conf, $$"""
                actor-sockets.targets {
                  good { port = {{port}}, confirm = receipt, payload.generated.size = {{Length}} }
                  bad { port = 1, max-attempts = 1, payload.generated.size = {{Length}} }
                }
                """);
            await using var sender = HostProcess.Start(["run", conf, "--json", .. OnAnyPort]);
            await sender.HearAsync("\"event\":\"delivered\"");
            await sender.HearAsync("\"event\":\"failed\"");
            await receiver.HearAsync("\"event\":\"completed\"");

            var (sent, received) = (await SayAsync(sender), await SayAsync(receiver));
            foreach (var (name, bytes, outcome) in new[] { ("good", Length, "delivered"), ("bad", 0, "failed") })
            {
                var target = sent.Overview["targets"]!.AsArray().Single(t => (string)t!["name"]! == name)!;
                Assert.Equal(bytes, (int)target["totals"]!["bytes"]!);
                Assert.Equal(outcome, (string)target["phase"]!);
                Assert.Contains($"actorsockets_delivery_io_bytes_total{{target=\"{name}\"}} {bytes}\n", sent.Metrics, StringComparison.Ordinal);
                Assert.Contains($"actorsockets_delivery_completed_total{{target=\"{name}\",outcome=\"{outcome}\"}} 1\n", sent.Metrics, StringComparison.Ordinal);
                Assert.Matches($@"(?m)^{name} .* {bytes} B .*{outcome}", sent.Table);
                var delivery = sent.Summary["deliveries"]!.AsArray().Single(d => (string)d!["target"]! == name)!;
                Assert.Equal((bytes, outcome), ((int)delivery["report"]!["taken"]!, (string)delivery["outcome"]!));
            }

            Assert.Equal((Length, 1, 1), ((int)received.Overview["servers"]![0]!["bytes"]!, (int)received.Overview["servers"]![0]!["accepted"]!, (int)received.Overview["servers"]![0]!["completed"]!));
            Assert.Contains($"actorsockets_server_io_bytes_total{{server=\"server-1\"}} {Length}\n", received.Metrics, StringComparison.Ordinal);
            Assert.Contains("actorsockets_server_completed_total{server=\"server-1\",outcome=\"completed\"} 1\n", received.Metrics, StringComparison.Ordinal);
            Assert.Matches($@"(?m)^server-1 .* {Length} B .*0 open, 1 in all", received.Table);
            Assert.Equal((Length, 1), ((int)received.Summary["servers"]![0]!["bytes"]!, (int)received.Summary["servers"]![0]!["completed"]!));
        }
        finally
        {
            File.Delete(conf);
        }

        static async Task<(JsonNode Overview, string Metrics, string Table, JsonNode Summary)> SayAsync(HostProcess process)
        {
            var endpoint = (await process.HearAsync("\"web-listening\",\"endpoint\":\"(.*?)\"")).Groups[1].Value;
            using var client = new HttpClient { BaseAddress = new Uri($"http://{endpoint}/") };
            var overview = JsonNode.Parse(await client.GetStringAsync(new Uri("api/overview", UriKind.Relative)))!;
            var metrics = await client.GetStringAsync(new Uri("metrics", UriKind.Relative));
            var (_, table) = await HostProcess.RunAsync("top", endpoint);
            await process.SignalAsync("TERM");
            await process.ExitCodeAsync();
            return (overview, metrics, table, JsonNode.Parse(process.Output[^1])!);
        }
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
