using System.Globalization;
using System.Security.Cryptography;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Faults that take a process: killed, stopped, restarted, out of file handles.</summary>
public sealed class FaultSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("host-fault-specs-").FullName;

    [Fact]
    public async Task A_server_killed_after_it_read_all_and_before_it_stored_it_gives_no_receipt_and_gets_it_again()
    {
        // It has read the whole payload with its first read, and looks for the FIN an hour later.
        var server = await StartServerAsync(0, "processing-delay=1h");
        var port = await server.PortOfAsync("inbox");
        await using var client = StartClient(port, "payload.generated.size=20000");
        await server.HearAsync("connected");
        await WaitForAsync(() => Directory.GetFiles(_directory, "*.partial").Any(f => new FileInfo(f).Length == 20_000));
        await server.SignalAsync("KILL");
        await client.HearAsync(@"target t: 127\.0\.0\.1:\d+: Connection reset by peer");
        await server.DisposeAsync();
        Assert.Empty(Complete());

        await using var restarted = await StartServerAsync(port);
        Assert.Equal(0, await client.ExitCodeAsync());
        Assert.Equal(20_000, new FileInfo(Assert.Single(Complete())).Length);
    }

    [Fact]
    public async Task A_sender_killed_in_the_middle_leaves_no_complete_file()
    {
        await using var server = await StartServerAsync(0, "processing-delay=20ms");
        await using (var client = StartClient(await server.PortOfAsync("inbox"), "payload.generated.size=64MiB"))
        {
            await WaitForAsync(() => Directory.GetFiles(_directory, "*.partial").Any(f => new FileInfo(f).Length > 0));
            await client.SignalAsync("KILL");
            await server.HearAsync("broke off after");
        }

        Assert.Empty(Complete());
    }

    [Fact]
    public async Task A_server_that_is_stopped_and_continued_gets_everything_on_the_same_connection()
    {
        await using var server = await StartServerAsync(0);
        var port = await server.PortOfAsync("inbox");
        await server.SignalAsync("STOP");
        await using var client = StartClient(port, "payload.generated.size=64MiB", "busy-after=100ms");
        await client.HearAsync("target t: BLOCKED");
        await server.SignalAsync("CONT");
        Assert.Equal(0, await client.ExitCodeAsync());
        Assert.Matches(@"(?m)^t +delivered +67108864 +1 ", client.Said);
        Assert.Equal(64 << 20, new FileInfo(Assert.Single(Complete())).Length);
    }

    [Fact]
    public async Task A_server_restarted_under_load_resets_nothing_that_it_stores()
    {
        var server = await StartServerAsync(0, "processing-delay=100ms");
        var port = await server.PortOfAsync("inbox");
        await using var first = StartClients(port, 10, "payload.generated.size=4MiB");
        await server.HearAsync("connected");
        await server.SignalAsync("TERM");
        await server.HearAsync("stopping within 8 s .*; waiting for server inbox");
        Assert.Equal(0, await server.ExitCodeAsync());
        Assert.DoesNotContain("broke off", server.Said, StringComparison.Ordinal);
        await server.DisposeAsync();

        await using var restarted = await StartServerAsync(port);
        await using var second = StartClients(port, 10, "payload.generated.size=1MiB");
        Assert.Equal((0, 0), (await first.ExitCodeAsync(), await second.ExitCodeAsync()));
        Assert.Equal(20, Complete().Length);
    }

    [Fact]
    public async Task A_sender_out_of_file_handles_waits_for_some_and_delivers_everything()
    {
        await using var server = await StartServerAsync(0);
        var port = await server.PortOfAsync("inbox");
        var payload = Path.Combine(_directory, "..", $"{Path.GetFileName(_directory)}.payload");
        await File.WriteAllBytesAsync(payload, RandomNumberGenerator.GetBytes(100_000));
        try
        {
            var handles = HandlesOf(server);
            await using var clients = HostProcess.StartWithLimit(handles + 200, ClientArguments(port, 100, $"payload.file={payload}", "connect-timeout=500ms"));
            Assert.Equal(0, await clients.ExitCodeAsync());
            Assert.Equal(100, Complete().Length);
        }
        finally
        {
            File.Delete(payload);
        }
    }

    [Fact]
    public async Task A_server_out_of_file_handles_keeps_its_listener_and_takes_everything()
    {
        await using var probe = await StartServerAsync(0);
        await probe.PortOfAsync("inbox");
        var handles = HandlesOf(probe);
        await using var server = HostProcess.StartWithLimit(handles + 200, ServerArguments(0));
        await using var clients = StartClients(await server.PortOfAsync("inbox"), 100, "payload.generated.size=100KiB");
        Assert.Equal(0, await clients.ExitCodeAsync());
        Assert.Equal(100, Complete().Length);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_signal_waits_while_a_target_backs_off_and_a_second_one_ends_at_once(string signal, int exitCode)
    {
        await using var client = HostProcess.Start(
            [.. ClientArguments(1, 1, "payload.text=hello", "backoff={ min = 1h, max = 1h }"), "--set", "actor-sockets.shutdown.retry-timeout=1h"]);
        await client.HearAsync("next attempt in");
        await client.SignalAsync(signal);
        await client.HearAsync("stopping within 8 s .*; waiting for target t");
        await client.SignalAsync(signal);
        Assert.Equal(exitCode, await client.ExitCodeAsync());
        Assert.Contains("stopped before these finished: target t", client.Said, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^t +failed +0 ", client.Said);
    }

    [Fact]
    public async Task A_drain_ends_at_its_timeout_and_says_meanwhile_what_it_waits_for()
    {
        await using var client = HostProcess.Start(
        [
            .. ClientArguments(1, 1, "payload.text=hello", "backoff={ min = 1h, max = 1h }"),
            "--set", "actor-sockets.shutdown.drain-timeout=1s", "--set", "actor-sockets.shutdown.retry-timeout=1h", "--set", "actor-sockets.shutdown.report-interval=300ms",
        ]);
        await client.HearAsync("next attempt in");
        await client.SignalAsync("TERM");
        await client.HearAsync("still waiting for target t");
        Assert.Equal(143, await client.ExitCodeAsync());
        Assert.Contains("stopped before these finished: target t", client.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drain_goes_on_with_a_connection_and_cancels_a_target_that_has_none()
    {
        await using var server = await StartServerAsync(0, "processing-delay=20ms");
        await using var client = HostProcess.Start(
        [
            .. ClientArguments(await server.PortOfAsync("inbox"), 1, "payload.generated.size=16MiB", "backoff={ min = 1h, max = 1h }"),
            "--set", "actor-sockets.targets.away.port=1",
            "--set", "actor-sockets.shutdown.drain-timeout=1h", "--set", "actor-sockets.shutdown.retry-timeout=100ms",
        ]);
        await client.HearAsync("target away: .*next attempt in");
        await server.HearAsync("connected");
        await client.SignalAsync("TERM");
        Assert.Equal(143, await client.ExitCodeAsync());
        Assert.Contains("target away: FAILED: cancelled", client.Said, StringComparison.Ordinal);
        Assert.Contains("stopped before these finished: target away", client.Said, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^t +delivered +16777216 ", client.Said);
    }

    [Fact]
    public async Task A_delivery_that_ends_during_the_drain_is_a_success()
    {
        await using var server = await StartServerAsync(0, "processing-delay=20ms");
        await using var client = StartClient(await server.PortOfAsync("inbox"), "payload.generated.size=8MiB");
        await server.HearAsync("connected");
        await client.SignalAsync("TERM");
        Assert.Equal(0, await client.ExitCodeAsync());
        Assert.Matches(@"(?m)^t +delivered +8388608 ", client.Said);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string[] Complete() => [.. Directory.GetFiles(_directory).Where(f => !f.EndsWith(".partial", StringComparison.Ordinal))];

    private async Task<HostProcess> StartServerAsync(int port, params string[] settings)
    {
        var server = HostProcess.Start(ServerArguments(port, settings));
        await server.PortOfAsync("inbox");
        return server;
    }

    private string[] ServerArguments(int port, params string[] settings) =>
    [
        "run", "tests/ActorSockets.Host.Tests/inbox.conf",
        .. Sets("actor-sockets.servers.inbox", [$"port={port}", $"directory={_directory}", .. settings]),
    ];

    private static HostProcess StartClient(int port, params string[] settings) => HostProcess.Start(ClientArguments(port, 1, settings));

    private static HostProcess StartClients(int port, int targets, params string[] settings) => HostProcess.Start(ClientArguments(port, targets, settings));

    private static string[] ClientArguments(int port, int targets, params string[] settings) =>
    [
        "run", "tests/ActorSockets.Host.Tests/outbox.conf",
        "--set", targets == 1
            ? "actor-sockets.targets={ t { } }"
            : $"actor-sockets.targets={{ {string.Join(" ", Enumerable.Range(0, targets).Select(i => $"t{i} {{ }}\n"))} }}",
        .. Sets("actor-sockets.target-defaults", [$"port={port}", .. settings]),
    ];

    private static IEnumerable<string> Sets(string section, IEnumerable<string> settings) =>
        settings.SelectMany(s => (string[])["--set", $"{section}.{s}"]);

    /// <summary>What such a process has open when it has nothing to do.</summary>
    private static int HandlesOf(HostProcess process) =>
        Directory.GetFiles(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/fd")).Length;

    private static async Task WaitForAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
            await Task.Delay(10, patience.Token);
    }
}
