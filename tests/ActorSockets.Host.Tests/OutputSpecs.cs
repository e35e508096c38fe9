using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ActorSockets.Events;
using ActorSockets.Host.Reporting;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What the program says: as JSON, on a terminal, into a pipe, and when it is to be quiet.</summary>
public sealed class OutputSpecs
{
    private static readonly Type[] Requests = [typeof(ServerEvents.Drain), typeof(ServerEvents.Drained), typeof(ServerEvents.WhenBound), typeof(ServerEvents.AllBound)];

    public static IEnumerable<Type> Events =>
    [
        .. typeof(Deliveries).GetNestedTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(Deliveries.IDeliveryEvent))),
        .. typeof(Deliveries).GetNestedTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(Deliveries.ITargetChange))),
        .. typeof(ServerEvents).GetNestedTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(ServerEvents.IServerEvent))),
        .. typeof(OutboxEvents).GetNestedTypes().Where(t => t.IsClass),
        .. typeof(ClusterEvents).GetNestedTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(ClusterEvents.IClusterEvent))),
        typeof(ClusterEvents.ClusterMeasured),
        .. typeof(TlsEvents).GetNestedTypes().Where(t => t.IsClass),
        typeof(Ticked),
        .. typeof(RunEvents).GetNestedTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(RunEvents.IRunEvent))),
    ];

    [Fact]
    public void Every_event_is_in_the_table_of_the_README_with_its_fields()
    {
        var readme = File.ReadAllText(Path.Combine(HostProcess.RepositoryRoot, "README.md"));
        var table = Regex.Matches(readme, @"^\| `([a-z-]+)` \| (.*?) \|", RegexOptions.Multiline)
            .Where(m => m.Groups[2].Value.StartsWith('`'))
            .ToDictionary(m => m.Groups[1].Value, m => string.Join(' ', Regex.Matches(m.Groups[2].Value, "`([a-zA-Z0-9]+)`").Select(f => f.Groups[1].Value)));
        foreach (var happened in Events)
            Assert.Equal((JsonLines.Name(happened), string.Join(' ', JsonLines.Fields(happened))), (JsonLines.Name(happened), table.GetValueOrDefault(JsonLines.Name(happened))));
        Assert.Equal("length taken takenBefore attempts elapsedMs blockedMs resumedFrom", string.Join(' ', JsonLines.Fields(typeof(Deliveries.Report))));
        Assert.DoesNotContain(Events, Requests.Contains);
    }

    [Fact]
    public async Task Json_is_all_that_stdout_has_and_the_summary_is_its_last_line()
    {
        await using var run = HostProcess.Start("run", "hocon/client-3.conf", "--json", "--interval", "20ms",
            "--set", "actor-sockets.servers.inbox.port=0", "--set", "actor-sockets.targets.server-1.port=9", "--set", "actor-sockets.targets.server-2.port=9",
            "--set", "actor-sockets.target-defaults.host=no-such-host.invalid", "--set", "actor-sockets.target-defaults.max-attempts=1");
        Assert.Equal(1, await run.ExitCodeAsync());
        var events = run.Output.Select(line => JsonNode.Parse(line)!.AsObject()).ToArray();
        Assert.All(events, e => Assert.InRange(DateTime.UtcNow - e["time"]!.GetValue<DateTime>().ToUniversalTime(), TimeSpan.Zero, TimeSpan.FromMinutes(2)));
        Assert.All(events, e => Assert.Contains((string)e["event"]!, Events.Select(JsonLines.Name)));
        Assert.Equal(2, events.Count(e => (string)e["event"]! == "failed"));
        var summary = events[^1];
        Assert.Equal(("summary", 1, 2), ((string)summary["event"]!, (int)summary["exitCode"]!, summary["deliveries"]!.AsArray().Count));
        Assert.All(summary["deliveries"]!.AsArray(), d => Assert.Equal(("failed", 1), ((string)d!["outcome"]!, (int)d["report"]!["attempts"]!)));
    }

    [Fact]
    public async Task Json_has_what_a_console_sink_prints_and_what_was_delivered()
    {
        await using var run = HostProcess.Start("run", "hocon/server-1.conf", "--json", "--set", "actor-sockets.servers.server-1.port=0");
        var port = JsonNode.Parse((await run.HearAsync(@"^\{.*""bound"".*$")).Value)!["endpoint"]!.GetValue<string>().Split(':')[1];
        Assert.Equal(0, (await HostProcess.RunAsync("send", "global.json", "--to", $":{port}", "--quiet")).ExitCode);
        await run.HearAsync("completed");
        await run.SignalAsync("INT");
        Assert.Equal(0, await run.ExitCodeAsync());
        var printed = run.Output.Select(line => JsonNode.Parse(line)!).Where(e => (string)e["event"]! == "printed").ToArray();
        Assert.Contains(printed, e => (string)e["line"]! == $"server-1 < {e["peer"]}: {{" && (string)e["server"]! == "server-1");
    }

    [Fact]
    public async Task A_delivery_that_is_cut_off_has_its_outcome_with_what_was_taken()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--processing-delay", "1h", "--json");
        var port = Regex.Match((await server.HearAsync(@"""bound"".*$")).Value, @":(\d+)""").Groups[1].Value;
        await using var send = HostProcess.Start("send", "src/ActorSockets/bin/Release/net10.0/ActorSockets.dll", "--to", $":{port}", "--json",
            "--set", "actor-sockets.target-defaults.busy-after=50ms", "--set", "actor-sockets.shutdown.drain-timeout=0s", "--confirm-timeout", "1h");
        await send.HearAsync("\"connected\"");
        await server.HearAsync("\"received\"|\"accepted\"");
        await send.SignalAsync("TERM");
        Assert.Equal(143, await send.ExitCodeAsync());
        var delivery = JsonNode.Parse(send.Output[^1])!["deliveries"]![0]!;
        Assert.Equal(("failed", "the program ended before it was delivered"), ((string)delivery["outcome"]!, (string)delivery["reason"]!));
        Assert.Equal(new FileInfo(Path.Combine(HostProcess.RepositoryRoot, "src/ActorSockets/bin/Release/net10.0/ActorSockets.dll")).Length, (long)delivery["report"]!["length"]!);
    }

    [Fact]
    public async Task On_a_terminal_there_is_a_table_that_is_gone_in_the_end()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--processing-delay", "8ms");
        var port = await server.PortOfAsync("server-1");
        await using var send = HostProcess.StartOnTerminal(100, 30, "", "send", "src/ActorSockets/bin/Release/net10.0/ActorSockets.dll", "--to", $":{port}",
            "--limit-rate", "100KiB", "--set", "actor-sockets.report.refresh-interval=50ms");
        await send.HearAsync(@"1-127\.0\.0\.1_\d+ .*━.* \d+ % +.* KiB +.*KiB/s .*sending, .* left");
        await send.HearAsync(@"ticker +\d+, late by ");
        Assert.Equal(0, await send.ExitCodeAsync());
        var last = send.Said[(send.Said.LastIndexOf("\e[J", StringComparison.Ordinal) + 3)..];
        Assert.Matches(@"^target +outcome ", last);
        Assert.DoesNotContain('━', last);
        Assert.DoesNotContain("ticker", last, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^1-127\.0\.0\.1_\d+ +sent +\d+ +1 ", send.Said);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(20)]
    public async Task No_line_of_the_table_is_wider_than_the_terminal(int columns)
    {
        await using var run = HostProcess.StartOnTerminal(columns, 12, "", "run", "hocon/client-3.conf",
            "--set", "actor-sockets.target-defaults.host=no-such-host.invalid", "--set", "actor-sockets.target-defaults.give-up-after=1s",
            "--set", "actor-sockets.targets.server-1.port=9", "--set", "actor-sockets.targets.server-2.port=9");
        Assert.Equal(1, await run.ExitCodeAsync());
        var rows = Regex.Replace(run.Said, @"\e\[[0-9;]*[mAJ]", "\r").Split('\n', '\r').Where(l => l.Contains("backing", StringComparison.Ordinal)).ToArray();
        Assert.All(rows, row => Assert.InRange(row.Length, 1, columns));
    }

    [Fact]
    public async Task Without_a_terminal_there_is_no_control_sequence()
    {
        var (_, said) = await HostProcess.RunAsync("run", "hocon/starter.conf", "--set", "actor-sockets.servers.inbox.port=0",
            "--set", "actor-sockets.targets.local.max-attempts=1", "--set", "actor-sockets.targets.local.port=1", "--interval", "20ms");
        Assert.DoesNotContain('\e', said);
        Assert.Matches("(?m)^local +failed ", said);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("NO_COLOR=1", false)]
    public async Task No_color_is_honoured(string variables, bool inColour)
    {
        await using var run = HostProcess.StartOnTerminal(80, 24, variables, "run", "hocon/starter.conf", "--set", "actor-sockets.servers.inbox.port=0",
            "--set", "actor-sockets.targets.local.give-up-after=1s", "--set", "actor-sockets.targets.local.port=1");
        Assert.Equal(1, await run.ExitCodeAsync());
        Assert.Contains("backing off", run.Said, StringComparison.Ordinal);
        Assert.Equal(inColour, Regex.IsMatch(run.Said, @"\e\[[39]\dm"));
    }

    [Fact]
    public async Task Quiet_says_nothing_when_all_is_well()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard");
        Assert.Equal((0, ""), await HostProcess.RunAsync("send", "LICENSE", "--to", $":{await server.PortOfAsync("server-1")}", "--quiet"));
    }

    [Theory]
    [InlineData("", new string[0], true)]
    [InlineData("JOURNAL_STREAM=8:1", new string[0], false)]
    [InlineData("JOURNAL_STREAM=8:1", new[] { "--set", "actor-sockets.report.timestamps=on" }, true)]
    [InlineData("", new[] { "--set", "actor-sockets.report.timestamps=off" }, false)]
    public async Task Lines_on_stderr_carry_their_time_except_below_systemd(string variables, string[] arguments, bool stamped)
    {
        await using var run = HostProcess.StartInShell(variables, "", ["run", "hocon/starter.conf", "--set", "actor-sockets.servers.inbox.port=0",
            "--set", "actor-sockets.targets.local.max-attempts=1", "--set", "actor-sockets.targets.local.port=1", .. arguments]);
        Assert.Equal(1, await run.ExitCodeAsync());
        Assert.NotEmpty(run.Errors);
        Assert.All(run.Errors, line => Assert.Equal(stamped, Regex.IsMatch(line, @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")));
    }

    [Fact]
    public void A_summary_of_several_deliveries_has_a_total()
    {
        RunEvents.Delivery[] deliveries =
        [
            new("a", "a", "delivered", null, new Deliveries.Report(1 << 20, 1 << 20, 0, 1, TimeSpan.FromSeconds(3), TimeSpan.Zero)),
            new("b", "b", "failed", "gone", new Deliveries.Report(1 << 20, 1 << 19, 0, 1, TimeSpan.FromSeconds(14), TimeSpan.Zero)),
        ];
        Assert.EndsWith("\n2 deliveries: 1 delivered, 1 failed, 1.5 MiB in 14 s", SummaryTable.For(new RunEvents.Summary(1, deliveries, [], null)), StringComparison.Ordinal);
        Assert.DoesNotContain("deliveries:", SummaryTable.For(new RunEvents.Summary(0, deliveries[..1], [], null)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve :0 --sink console", "LICENSE")]
    [InlineData("serve :0 --json", "LICENSE")]
    public async Task A_reader_that_leaves_ends_the_program_quietly(string arguments, string file)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        // What it says on stderr goes to a file; stdout has a reader for one line.
        var talk = Path.GetTempFileName();
        var start = new ProcessStartInfo("bash", ["-c", $"'{HostProcess.Program}' {arguments} 2> {talk} | head -n 1; exit ${{PIPESTATUS[0]}}"])
        {
            WorkingDirectory = HostProcess.RepositoryRoot,
            RedirectStandardOutput = true,
        };
        using var bash = Process.Start(start)!;
        int port;
        if (arguments.Contains("--json", StringComparison.Ordinal))
        {
            port = int.Parse(Regex.Match((await bash.StandardOutput.ReadLineAsync())!, @":(\d+)""").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        }
        else
        {
            Match said;
            do
                said = Regex.Match(await File.ReadAllTextAsync(talk), @"listening on .*:(\d+)");
            while (!said.Success);
            port = int.Parse(said.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        }

        // Twice: the second thing that is written finds out.
        for (var i = 0; i < 20 && !bash.HasExited; i++)
            await HostProcess.RunAsync("send", file, "--to", $":{port}", "--quiet", "--set", "actor-sockets.target-defaults.max-attempts=1");
        await bash.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(141, bash.ExitCode);
        Assert.DoesNotContain("rror", await File.ReadAllTextAsync(talk), StringComparison.Ordinal);
        File.Delete(talk);
    }
}
