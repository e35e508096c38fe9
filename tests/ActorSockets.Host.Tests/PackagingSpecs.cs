using System.Diagnostics;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>The files that an operator installs, checked by the tools that will read them; CI has promtool.</summary>
public sealed class PackagingSpecs
{
    private static readonly string Packaging = Path.Combine(HostProcess.RepositoryRoot, "packaging");

    [Fact]
    public async Task Prometheus_takes_the_alerts()
    {
        if (!IsThere("promtool"))
        {
            Assert.True(Environment.GetEnvironmentVariable("BROWSER_REQUIRED") is null, "promtool is not installed: apt-get install prometheus");
            return;
        }

        var (exitCode, said) = await RunAsync("promtool", "check", "rules", Path.Combine(Packaging, "alerts.yml"));
        Assert.True(exitCode == 0, said);
        (exitCode, said) = await RunAsync("promtool", "test", "rules", Path.Combine(HostProcess.RepositoryRoot, "tests/ActorSockets.Host.Tests/alerts-test.yml"));
        Assert.True(exitCode == 0, said);
    }

    [Fact]
    public async Task Alerts_are_about_series_that_there_are_and_each_is_explained()
    {
        var alerts = await File.ReadAllTextAsync(Path.Combine(Packaging, "alerts.yml"));
        var metrics = await File.ReadAllTextAsync(Path.Combine(HostProcess.RepositoryRoot, "docs/metrics.md"));
        var operations = await File.ReadAllTextAsync(Path.Combine(HostProcess.RepositoryRoot, "docs/operations.md"));
        var series = Regex.Matches(alerts, @"\bactorsockets_[a-z_]+").Select(m => Regex.Replace(m.Value, "_bucket$", "")).Distinct().ToArray();
        Assert.NotEmpty(series);
        Assert.All(series, name => Assert.Contains($"`{name}`", metrics, StringComparison.Ordinal));
        Assert.Equal(
            Regex.Matches(alerts, @"alert: (\w+)").Select(m => m.Groups[1].Value),
            Regex.Matches(operations, @"^\| (ActorSockets\w+) \|", RegexOptions.Multiline).Select(m => m.Groups[1].Value));
    }

    [Fact]
    public async Task Systemd_takes_the_unit()
    {
        var unit = await File.ReadAllTextAsync(Path.Combine(Packaging, "actorsockets.service"));
        // More than the drain and the cut-off by default, and the exit codes of the program.
        Assert.Contains("TimeoutStopSec=30\n", unit, StringComparison.Ordinal);
        Assert.Contains($"RestartPreventExitStatus={ExitCodes.Usage} {ExitCodes.Configuration}\n", unit, StringComparison.Ordinal);
        if (!IsThere("systemd-analyze"))
            return;
        var directory = Directory.CreateTempSubdirectory("packaging-specs-").FullName;
        try
        {
            var installed = Path.Combine(directory, "actorsockets.service");
            // The program need not be installed for that.
            await File.WriteAllTextAsync(installed, unit.Replace("/usr/local/bin/actorsockets", HostProcess.Program, StringComparison.Ordinal));
            var (exitCode, said) = await RunAsync("systemd-analyze", "verify", "--man=no", installed);
            Assert.True(exitCode == 0 && said.Length == 0, said);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task The_image_asks_the_program_that_it_starts()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Packaging, "Dockerfile"));
        Assert.Contains("USER 10001:10001", lines);
        var start = Words("ENTRYPOINT ").Concat(Words("CMD ")).ToArray();
        var health = Words("HEALTHCHECK ");
        Assert.Equal(start[0], health[0]);
        var configuration = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(configuration, "actor-sockets.servers.in { port = 0, sink = discard }");
            // The same command line on a free port.
            await using var run = HostProcess.Start([.. start[1..].Select(a => a.StartsWith("/etc/", StringComparison.Ordinal) ? configuration : a), "--set", "actor-sockets.web.port=0"]);
            var page = (await run.HearAsync("^web: listening on (.*)$")).Groups[1].Value;
            Assert.Equal((0, "ready\n"), await HostProcess.RunAsync([.. health[1..], page]));
            await run.SignalAsync("TERM");
            Assert.Equal(0, await run.ExitCodeAsync());
        }
        finally
        {
            File.Delete(configuration);
        }

        string[] Words(string instruction) =>
            [.. Regex.Matches(lines.Single(l => l.StartsWith(instruction, StringComparison.Ordinal)).Split('[', 2)[1], "\"(.*?)\"").Select(m => m.Groups[1].Value)];
    }

    private static bool IsThere(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, tool)));

    private static async Task<(int ExitCode, string Said)> RunAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(said));
    }
}
