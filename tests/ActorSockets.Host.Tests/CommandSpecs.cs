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
        Assert.Contains($"actor-sockets.servers.\"in.box\".port = 9000 # {file}", lines);
        Assert.Contains($"actor-sockets.servers.\"in.box\".allow = [\"10.0.0.0/8\", \"::1\"] # {file}", lines);
        Assert.Contains("actor-sockets.servers.\"in.box\".sink = console # default", lines);
        Assert.Contains("actor-sockets.targets.a.host = \"::1\" # --set actor-sockets.targets.a.host", lines);
        Assert.Contains($"actor-sockets.targets.a.give-up-after = 1m # target-defaults in {file}", lines);
        Assert.Contains($"actor-sockets.targets.a.backoff.max = 5s # target-defaults in {file}", lines);
        Assert.Contains("actor-sockets.targets.a.backoff.min = 500ms # default", lines);
        Assert.Contains($"actor-sockets.targets.a.payload = {{ text = \"x y\" }} # {file}", lines);
        Assert.Contains("actor-sockets.ticker.interval = 2s # --interval", lines);
        Assert.Contains("actor-sockets.ticker.enabled = on # --interval", lines);
        Assert.Contains($"akka.loglevel = DEBUG # {file}", lines);

        // It is a configuration itself, and the same one.
        var copy = Path.Combine(_directory, "copy.conf");
        await File.WriteAllLinesAsync(copy, check.Output);
        await using var again = HostProcess.Start("check", copy);
        Assert.Equal(0, await again.ExitCodeAsync());
        Assert.Equal(check.Output.Select(l => l.Split('#')[0].Trim()), again.Output.Select(l => l.Split('#')[0].Trim()));
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
    [InlineData("actorsockets serve :0 --pro", "--processing-delay")]
    [InlineData("actorsockets send a.bin --to x:5 --limi", "--limit-rate")]
    [InlineData("actorsockets send --confirm=re", "receipt")]
    [InlineData("actorsockets send a.bin --to [")]
    [InlineData("actorsockets --interval=1")]
    public async Task A_shell_is_told_what_can_come_next(string typed, params string[] expected)
    {
        ArgumentNullException.ThrowIfNull(typed);
        await using var suggest = HostProcess.Start($"[suggest:{typed.Length}]", typed);
        Assert.Equal(0, await suggest.ExitCodeAsync());
        Assert.Equal(expected, suggest.Output);
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
