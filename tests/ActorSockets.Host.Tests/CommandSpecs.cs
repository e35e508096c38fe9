using System.Diagnostics;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary><c>check</c>, <c>init</c>, completion, and that options are settings.</summary>
public sealed class CommandSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("command-specs-").FullName;

    [Fact]
    public async Task Check_tells_every_setting_in_force_and_where_it_came_from()
    {
        var file = Path.Combine(_directory, "x.conf");
        await File.WriteAllTextAsync(file, """
            actor-sockets {
              servers."in.box" { port = 9000, allow = ["10.0.0.0/8", "::1"] }
              target-defaults { give-up-after = 1m, backoff.max = 5s }
              targets.a { port = 1, payload.text = "x y" }
            }
            akka.loglevel = DEBUG
            """);
        await using var check = HostProcess.Start("check", file, "--interval", "2s", "--set", "actor-sockets.targets.a.host=::1");
        Assert.Equal(0, await check.ExitCodeAsync());
        string[] lines = [.. check.Output.Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        Assert.Contains($"actor-sockets.servers.\"in.box\".port = 9000 # {file}:2", lines);
        Assert.Contains($"actor-sockets.servers.\"in.box\".allow = [\"10.0.0.0/8\", \"::1\"] # {file}:2", lines);
        Assert.Contains("actor-sockets.servers.\"in.box\".sink = console # default", lines);
        Assert.Contains("actor-sockets.targets.a.host = \"::1\" # --set actor-sockets.targets.a.host", lines);
        Assert.Contains($"actor-sockets.targets.a.give-up-after = 1m # target-defaults in {file}:3", lines);
        Assert.Contains($"actor-sockets.targets.a.backoff.max = 5s # target-defaults in {file}:3", lines);
        Assert.Contains("actor-sockets.targets.a.backoff.min = 500ms # default", lines);
        Assert.Contains($"actor-sockets.targets.a.payload = {{ text = \"x y\" }} # {file}:4", lines);
        Assert.Contains("actor-sockets.ticker.interval = 2s # --interval", lines);
        Assert.Contains("actor-sockets.ticker.enabled = on # --interval", lines);
        Assert.Contains($"akka.loglevel = DEBUG # {file}:6", lines);

        // It is a configuration itself, and the same one.
        var copy = Path.Combine(_directory, "copy.conf");
        await File.WriteAllLinesAsync(copy, check.Output);
        await using var again = HostProcess.Start("check", copy);
        Assert.Equal(0, await again.ExitCodeAsync());
        Assert.Equal(check.Output.Select(l => l.Split('#')[0].Trim()), again.Output.Select(l => l.Split('#')[0].Trim()));
    }

    [Fact]
    public async Task Check_escapes_control_characters_and_prints_a_configuration_all_the_same()
    {
        var file = Path.Combine(_directory, "x.conf");
        await File.WriteAllTextAsync(file, "actor-sockets.targets.a { port = 1, payload.text = \"\u001b[2J\u009b\\n\" }");
        await using var check = HostProcess.Start("check", file);
        Assert.Equal(0, await check.ExitCodeAsync());
        Assert.Contains(check.Output, l => l.StartsWith(@"actor-sockets.targets.a.payload = { text = ""\u001b[2J\u009b\u000a"" }", StringComparison.Ordinal));
        await File.WriteAllLinesAsync(file, check.Output);
        await using var again = HostProcess.Start("check", file);
        Assert.Equal(0, await again.ExitCodeAsync());
        Assert.Equal(check.Output.Select(l => l.Split('#')[0].Trim()), again.Output.Select(l => l.Split('#')[0].Trim()));
    }

    [Fact]
    public async Task Without_a_file_the_one_of_the_current_directory_runs()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "actorsockets.conf"), "actor-sockets.servers.inbox.port = 0");
        await using var run = HostProcess.StartIn(_directory);
        await run.PortOfAsync("inbox");
        Assert.StartsWith("using actorsockets.conf", run.Said, StringComparison.Ordinal);
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());

        await using var check = HostProcess.StartIn(_directory, "check");
        Assert.Equal(0, await check.ExitCodeAsync());
        Assert.Contains(check.Output, l => l.EndsWith("# actorsockets.conf:1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_any_file_it_is_the_demo()
    {
        await using var check = HostProcess.StartIn(_directory, "check");
        Assert.Equal(0, await check.ExitCodeAsync());
        Assert.Contains(check.Output, l => l.Contains("# the built-in demo:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configuration_comes_from_standard_input()
    {
        await using var run = HostProcess.StartWithInput("actor-sockets {\n servers.inbox.port = 0\n targets.silent.port = 9\n}", "run", "-");
        await run.PortOfAsync("inbox");
        await run.HearAsync("^warning: standard input:3: actor-sockets.targets.silent: has no payload: this run sends nothing to it");
        await run.SignalAsync("TERM");
        Assert.Equal(0, await run.ExitCodeAsync());

        await using var check = HostProcess.StartWithInput("actor-sockets.servers.inbox.port = 0", "check", "-");
        Assert.Equal(0, await check.ExitCodeAsync());
        Assert.Contains(check.Output, l => l.EndsWith("# standard input:1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_names_ten_targets_without_a_payload_and_counts_the_others()
    {
        var file = Path.Combine(_directory, "x.conf");
        await File.WriteAllTextAsync(file, $"actor-sockets {{ ticker.enabled = on, target-defaults.port = 9, targets {{ {string.Join(", ", Enumerable.Range(1, 12).Select(i => $"t{i} {{ }}"))} }} }}");
        var (exitCode, said) = await HostProcess.RunAsync("check", file);
        Assert.Equal(0, exitCode);
        Assert.Equal(10, said.Split("has no payload: this run").Length - 1);
        Assert.Contains($"warning: {file}:1: actor-sockets.targets: 2 more have no payload", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Init_writes_a_configuration_that_runs()
    {
        var file = Path.Combine(_directory, "actorsockets.conf");
        Assert.Equal(0, (await HostProcess.RunAsync("init", file)).ExitCode);
        Assert.Equal(0, (await HostProcess.RunAsync("check", file)).ExitCode);
        await using var server = HostProcess.Start("serve", ":0");
        var (exitCode, said) = await HostProcess.RunAsync("run", file, "--set", "actor-sockets.servers.inbox.port=0",
            "--set", $"actor-sockets.targets.local.port={await server.PortOfAsync("server-1")}");
        Assert.Equal(0, exitCode);
        Assert.Matches("(?m)^local +sent ", said);
    }

    [Theory]
    [InlineData("actorsockets se", "send", "serve")]
    [InlineData("actorsockets send --confirm ", "close", "none", "receipt")]
    [InlineData("actorsockets serve :0 --proc", "--processing-delay")]
    [InlineData("actorsockets send a.bin --to x:5 --limi", "--limit-rate")]
    [InlineData("actorsockets send --confirm=re", "receipt")]
    [InlineData("actorsockets send a.bin --to [")]
    [InlineData("actorsockets --interval=1")]
    [InlineData("actorsockets run hocon/serv", "hocon/server-1.conf", "hocon/server-2.conf")]
    [InlineData("actorsockets check hoc", "hocon/")]
    [InlineData("actorsockets hocon/client-1", "hocon/client-1.conf")]
    [InlineData("actorsockets send LIC", "LICENSE")]
    [InlineData("actorsockets init hoc", "hocon/")]
    [InlineData("actorsockets serve :0 --sink hoc", "hocon/")]
    [InlineData("actorsockets serve :0 --sink LIC")]
    [InlineData("actorsockets run /proc/uptim", "/proc/uptime")]
    [InlineData("actorsockets run /no/such/")]
    public async Task A_shell_is_told_what_can_come_next(string typed, params string[] expected)
    {
        ArgumentNullException.ThrowIfNull(typed);
        await using var suggest = HostProcess.Start($"[suggest:{typed.Length}]", typed);
        Assert.Equal(0, await suggest.ExitCodeAsync());
        Assert.Equal(expected, suggest.Output);
    }

    [Theory]
    [InlineData("send", "send <FILE> [options]", "<FILE>")]
    [InlineData("init", "init [<FILE>] [options]", "<FILE>")]
    [InlineData("check", "check [<CONF>] [options]", "<CONF> +A HOCON file; - is standard input. Default: actorsockets.conf in the current directory")]
    public async Task Help_names_the_argument_and_not_the_files_that_would_complete_it(string command, string usage, string argument)
    {
        var (exitCode, said) = await HostProcess.RunAsync(command, "--help");
        Assert.Equal(0, exitCode);
        Assert.Contains(usage, said, StringComparison.Ordinal);
        Assert.Matches($"(?m)^  {argument}", said);
    }

    [Fact]
    public async Task A_limited_rate_is_kept()
    {
        var file = Path.Combine(_directory, "x");
        await File.WriteAllBytesAsync(file, new byte[300_000]);
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard");
        var clock = Stopwatch.StartNew();
        var (exitCode, _) = await HostProcess.RunAsync("send", file, "--to", $":{await server.PortOfAsync("server-1")}", "--limit-rate", "200KiB");
        Assert.Equal(0, exitCode);
        // Never sooner: the last tenth of a second's worth goes at once.
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(1.3));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
