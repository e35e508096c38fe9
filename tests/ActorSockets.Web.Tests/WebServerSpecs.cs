using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Web.Tests.Support;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Web.Tests;

/// <summary>The web server over real sockets: what it answers, and whom nothing can hold up.</summary>
public sealed class WebServerSpecs
{
    private const string ServerAndTarget = "servers.in { sink = discard\n receipt = on }\ntargets.out { host = \"127.0.0.1\", port = 9, confirm = receipt }";

    [Fact]
    public async Task Metrics_and_overview_agree_to_the_byte()
    {
        const int Length = 123_457;
        await using var receiving = await WebSystem.StartAsync("servers.in { sink = discard\n receipt = on }");
        var port = await receiving.PortAsync("in");
        await using var sending = await WebSystem.StartAsync($"targets.out {{ port = {port}, confirm = receipt }}");
        Assert.IsType<Deliveries.Delivered>(await sending.Sockets.SendAsync("out", new BytesPayload(new byte[Length])));
        Assert.IsType<Deliveries.Delivered>(await sending.Sockets.SendAsync("out", new BytesPayload(new byte[1])));

        var sent = await sending.OverviewAsync(o => (int)o["targets"]![0]!["totals"]!["delivered"]! == 2);
        var received = await receiving.OverviewAsync(o => (int)o["servers"]![0]!["completed"]! == 2);
        Assert.Equal((Length + 1, Length + 1), ((int)sent["targets"]![0]!["totals"]!["bytes"]!, (int)received["servers"]![0]!["bytes"]!));
        var (metrics, theirs) = ((await sending.GetAsync("/metrics")).Text, (await receiving.GetAsync("/metrics")).Text);
        Assert.Contains($"actorsockets_delivery_io_bytes_total{{target=\"out\"}} {Length + 1}\n", metrics, StringComparison.Ordinal);
        Assert.Contains("actorsockets_delivery_completed_total{target=\"out\",outcome=\"delivered\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("actorsockets_delivery_duration_seconds_count{outcome=\"delivered\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"actorsockets_server_io_bytes_total{{server=\"in\"}} {Length + 1}\n", theirs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prometheus_takes_the_metrics_and_the_documentation_has_their_names()
    {
        await using var web = await WebSystem.StartAsync($"{ServerAndTarget}\nticker.enabled = on, ticker.interval = 10ms, target-defaults.max-attempts = 1");
        await web.Sockets.SendAsync("out", new BytesPayload(new byte[1]));
        await web.OverviewAsync(o => o["ticker"] is not null && (string)o["targets"]![0]!["phase"]! == "failed");
        var (status, text) = await web.GetAsync("/metrics");
        Assert.Equal(200, status);
        var documented = Regex.Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "metrics.md")), @"\| `(actorsockets_\w+)` \|$", RegexOptions.Multiline).Select(m => m.Groups[1].Value);
        Assert.Equal(documented.Order(), Regex.Matches(text, @"^# TYPE (\w+) ", RegexOptions.Multiline).Select(m => m.Groups[1].Value).Order());
        await CheckAsync(text);
    }

    [Fact]
    public async Task Ready_is_about_servers_and_the_drain_and_never_about_targets()
    {
        await using var web = await WebSystem.StartAsync($"{ServerAndTarget}\ntarget-defaults.max-attempts = 1");
        await web.Sockets.WhenBoundAsync();
        await web.Sockets.SendAsync("out", new BytesPayload(new byte[1]));
        await web.OverviewAsync(o => (string)o["targets"]![0]!["phase"]! == "failed" && (string)o["servers"]![0]!["phase"]! == "listening");
        Assert.Equal((200, "ready\n"), await web.GetAsync("/health/ready"));
        Assert.Equal((200, "live\n"), await web.GetAsync("/health/live"));

        using var open = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await open.ConnectAsync(IPAddress.Loopback, await web.PortAsync("in"));
        await web.OverviewAsync(o => (int)o["servers"]![0]!["open"]! == 1);
        var drained = web.Sockets.DrainAsync();
        Assert.Equal((503, "draining\n"), await web.GetAsync("/health/ready"));
        Assert.Equal((200, "live\n"), await web.GetAsync("/health/live"));
        open.Shutdown(SocketShutdown.Send);
        Assert.True(await drained);
    }

    [Fact]
    public async Task A_server_that_could_not_bind_is_not_ready()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        await using var web = await WebSystem.StartAsync($"servers.in {{ port = {port}, sink = discard }}");
        await web.OverviewAsync(o => (string)o["servers"]![0]!["phase"]! == "failed");
        var (status, text) = await web.GetAsync("/health/ready");
        Assert.Equal(503, status);
        Assert.StartsWith($"server in does not listen on 127.0.0.1:{port}: ", text, StringComparison.Ordinal);

        using var system = ActorSystem.Create("second", ConfigurationFactory.ParseString($"akka.loggers = []\nactor-sockets.web {{ enabled = on, port = {port} }}"));
        // Asked again, it has failed already.
        for (var asked = 0; asked < 2; asked++)
        {
            var error = await Assert.ThrowsAsync<IOException>(() => WebServer.StartAsync(system));
            Assert.StartsWith($"cannot listen on 127.0.0.1:{port}: ", error.Message, StringComparison.Ordinal);
        }

        await system.Terminate();
    }

    [Fact]
    public async Task Events_come_as_they_happen_and_what_was_missed_comes_first()
    {
        await using var web = await WebSystem.StartAsync($"{ServerAndTarget}\ntarget-defaults.max-attempts = 1");
        await web.Sockets.SendAsync("out", new BytesPayload(new byte[1]));
        await web.OverviewAsync(o => (string)o["targets"]![0]!["phase"]! == "failed");
        var all = await EventsAsync(web, 0, until: "\"failed\"");
        var first = long.Parse(Regex.Match(all, @"^id: (\d+)", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);
        var later = await EventsAsync(web, first, until: "\"failed\"");
        Assert.Contains("\"connecting\"", all, StringComparison.Ordinal);
        Assert.DoesNotContain($"id: {first}\n", later, StringComparison.Ordinal);
        Assert.All(Regex.Matches(all, "^data: (.*)$", RegexOptions.Multiline).Select(m => m.Groups[1].Value), line => Assert.NotNull(JsonNode.Parse(line)!["event"]));
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("deliveries")]
    public async Task A_target_retries_and_a_delivery_is_cancelled_when_changes_are_allowed(string protocol)
    {
        // Nobody listens there: it backs off for longer than a test lasts.
        await using var web = await WebSystem.StartAsync($"{ServerAndTarget}\ntarget-defaults {{ backoff {{ min = 1h, max = 1h }}, protocol = {protocol} }}", "allow-changes = on");
        var outcome = web.Sockets.SendAsync("out", new BytesPayload(new byte[1]));
        var id = (string)(await web.OverviewAsync(o => (string)o["targets"]![0]!["phase"]! == "backing-off"))["targets"]![0]!["delivery"]!;
        var body = $$"""{"target":"out","id":"{{id}}"}""";
        Assert.Equal(403, (await web.PostAsync("/api/cancel", body)).Status);
        Assert.Equal(403, (await web.PostAsync("/api/retry", body)).Status);
        Assert.Equal(404, (await web.PostAsync("/api/retry", """{"target":"other"}""", (Access.ChangeHeader, "1"))).Status);
        Assert.Equal(400, (await web.PostAsync("/api/retry", "{}", (Access.ChangeHeader, "1"))).Status);
        Assert.Equal((200, """{"retrying":true}"""), await web.PostAsync("/api/retry", """{"target":"out"}""", (Access.ChangeHeader, "1")));
        await web.OverviewAsync(o => (int)o["targets"]![0]!["attempt"]! == 2 && (string)o["targets"]![0]!["phase"]! == "backing-off");
        Assert.Equal(404, (await web.PostAsync("/api/cancel", """{"target":"out","id":"other"}""", (Access.ChangeHeader, "1"))).Status);
        Assert.Equal(400, (await web.PostAsync("/api/cancel", "[", (Access.ChangeHeader, "1"))).Status);
        Assert.Equal((200, """{"cancelled":true}"""), await web.PostAsync("/api/cancel", body, (Access.ChangeHeader, "1")));
        Assert.Equal(FailureKind.Cancelled, Assert.IsType<Deliveries.Failed>(await outcome).Kind);
    }

    [Theory]
    [InlineData("/", "text/html; charset=utf-8")]
    [InlineData("/page.js", "text/javascript; charset=utf-8")]
    [InlineData("/page.css", "text/css; charset=utf-8")]
    [InlineData("/icon.svg", "image/svg+xml")]
    public async Task The_page_may_load_only_what_is_its_own(string path, string type)
    {
        await using var web = await WebSystem.StartAsync("");
        var answer = await web.ExchangeAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.Contains($"\r\nContent-Type: {type}\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; ", answer, StringComparison.Ordinal);
        var head = await web.ExchangeAsync($"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(answer[..(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)], head);
    }

    [Theory]
    [InlineData("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)]
    [InlineData("POST /metrics HTTP/1.1\r\nHost: localhost\r\nX-ActorSockets: 1\r\nContent-Length: 0\r\n\r\n", 404)]
    [InlineData("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 421)]
    [InlineData("\u0016\u0003\u0001\n", 400)]
    public async Task A_wrong_request_is_answered_and_closed(string request, int status)
    {
        await using var web = await WebSystem.StartAsync("", "allow-changes = on");
        Assert.StartsWith($"HTTP/1.1 {status} ", await web.ExchangeAsync(request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_huge_request_is_answered_and_not_read()
    {
        await using var web = await WebSystem.StartAsync("");
        Assert.StartsWith("HTTP/1.1 431 ", await web.ExchangeAsync($"GET / HTTP/1.1\r\nHost: localhost\r\nX: {new string('a', 100_000)}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silent_and_slow_clients_are_reset_and_hold_up_nobody()
    {
        await using var web = await WebSystem.StartAsync(ServerAndTarget, "request-timeout = 200ms, max-connections = 4");
        // They take all places; one that comes then is reset.
        var silent = new List<Socket>();
        for (var i = 0; i < 4; i++)
        {
            silent.Add(await web.ConnectAsync());
            await silent[i].SendAsync("GET /metrics HTT"u8.ToArray());
        }

        foreach (var socket in silent)
        {
            var broken = await Record.ExceptionAsync(() => WebSystem.ReadToEndAsync(socket));
            Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(broken).SocketErrorCode);
            socket.Dispose();
        }

        Assert.Contains("\"targets\"", (await web.GetAsync("/api/overview")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Readers_of_events_have_a_limit()
    {
        await using var web = await WebSystem.StartAsync("", "max-streams = 1");
        using var first = await web.ConnectAsync();
        await first.SendAsync("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        // The first silence is told at once.
        await ReadUntilAsync(first, "\n:\n\n");
        Assert.Equal(503, (await web.GetAsync("/api/events")).Status);
        first.Dispose();
        // Its place is free when the server has noticed.
        while (true)
        {
            using var second = await web.ConnectAsync();
            await second.SendAsync("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
            if ((await ReadUntilAsync(second, "\r\n")).Contains(" 200 ", StringComparison.Ordinal))
                return;
        }
    }

    [Fact]
    public void A_token_file_that_is_missing_or_short_is_an_error()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "short\n");
            Assert.Contains("16 or more", Error(file), StringComparison.Ordinal);
            Assert.StartsWith($"cannot read {file}0: ", Error($"{file}0"), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }

        static string Error(string file) => Assert.Single(Assert.Throws<SettingsException>(() => ActorSocketsSettings.From(
            ConfigurationFactory.ParseString($"actor-sockets.web {{ enabled = on, token-file = \"{file}\" }}"))).Errors).Message;
    }

    private static async Task<string> EventsAsync(WebSystem web, long last, string until)
    {
        using var socket = await web.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(WebSystem.Invariant($"GET /api/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {last}\r\n\r\n")));
        return await ReadUntilAsync(socket, until);
    }

    private static async Task<string> ReadUntilAsync(Socket socket, string end)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var (text, buffer) = (new StringBuilder(), new byte[16 * 1024]);
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer, patience.Token);
            Assert.True(count > 0, $"it ended with {text}");
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    /// <summary>Prometheus' own check where it is installed; otherwise that each line is well-formed.</summary>
    private static async Task CheckAsync(string metrics)
    {
        Assert.All(metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries), line =>
            Assert.Matches("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.E+-]+)$""", line));
        try
        {
            using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true })!;
            await promtool.StandardInput.WriteAsync(metrics);
            promtool.StandardInput.Close();
            Assert.Equal("", await promtool.StandardError.ReadToEndAsync());
            await promtool.WaitForExitAsync();
            Assert.Equal(0, promtool.ExitCode);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // Not installed; the lines have been checked.
        }
    }
}
