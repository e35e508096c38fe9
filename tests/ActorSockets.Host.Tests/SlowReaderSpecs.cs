using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ActorSockets.Events.Overview;
using ActorSockets.Host.Reporting;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>A reader of stdout that reads late, too late, or never.</summary>
public sealed class SlowReaderSpecs
{
    private const int Targets = 500;

    [Fact]
    public async Task Json_waits_for_a_late_reader_and_drops_progress_but_no_outcome()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--quiet", "--json");
        await using var run = StartUnread(await PortAsync(server), "report.max-waiting-lines=500");
        await run.HearAsync("stdout: waiting up to 30 s for its reader");
        run.ReadOutput();
        Assert.Equal(0, await run.ExitCodeAsync());
        var events = run.Output.Select(line => (string)JsonNode.Parse(line)!["event"]!).ToArray();
        Assert.Equal(Targets, events.Count(e => e == "sent"));
        Assert.Contains("left-out", events);
        Assert.Equal("summary", events[^1]);
    }

    [Fact]
    public async Task Outcomes_that_find_no_room_are_an_error()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--quiet", "--json");
        await using var run = StartUnread(await PortAsync(server), "report.max-waiting-lines=16");
        await run.HearAsync("stdout: waiting up to 30 s for its reader");
        run.ReadOutput();
        Assert.Equal(1, await run.ExitCodeAsync());
        Assert.Matches(@"error: stdout: \d+ outcomes are missing", run.Said);
        Assert.Equal(Targets, JsonNode.Parse(run.Output[^1])!["deliveries"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_reader_that_comes_too_late_is_an_error()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--quiet", "--json");
        await using var run = StartUnread(await PortAsync(server), "report.last-lines-timeout=1s");
        Assert.Equal(1, await run.ExitCodeAsync());
        Assert.Contains("error: stdout: its reader did not take the last lines within 1 s (report.last-lines-timeout)", run.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signals_end_the_wait_for_a_reader()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--quiet", "--json");
        await using var run = StartUnread(await PortAsync(server), "report.last-lines-timeout=1d");
        await run.HearAsync("stdout: waiting up to 1 d for its reader");
        var ended = run.ExitCodeAsync();
        // Two signals of one kind can arrive as one.
        while (!ended.IsCompleted)
            await run.SignalAsync("TERM");
        Assert.Equal(1, await ended);
    }

    [Theory]
    [InlineData("listening on", "")]
    [InlineData("\"bound\"", "--json")]
    public async Task Connections_that_wait_for_a_reader_hold_bounded_memory(string listening, string option)
    {
        const int Connections = 100;
        // The reader takes one line, then 32 MiB, and then nothing any more.
        const string Reader = "> >(head -n 1 >&2; head -c 32M > /dev/null; echo stopped reading >&2; exec sleep 60 > /dev/null 2>&1)";
        await using var server = HostProcess.StartInShell("", Reader, ["serve", ":0", .. option.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        var port = int.Parse((await server.HearAsync($@"{listening}.*127\.0\.0\.1:(\d+)")).Groups[1].Value, CultureInfo.InvariantCulture);
        // Each becomes a line of its own, which names the sender.
        var newlines = new byte[256 * 1024];
        newlines.AsSpan().Fill((byte)'\n');
        var clients = Enumerable.Range(0, Connections).Select(_ => new TcpClient()).ToArray();
        foreach (var client in clients)
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            await client.Client.SendAsync(newlines);
        }

        await server.HearAsync("^stopped reading");
        var peak = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{server.Id}/status")).First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(Regex.Match(peak, @"\d+").Value, CultureInfo.InvariantCulture) / 1024, 1, 300);
        foreach (var client in clients)
            client.Dispose();
    }

    [Fact]
    public async Task Lines_are_written_off_the_thread_pool_and_a_table_that_cannot_be_drawn_does_not_stop_them()
    {
        var broken = new LiveRegion(new BrokenStream());
        broken.Show(new LiveTable(new Snapshot([], [], new TickerSnapshot(1, TimeSpan.Zero, TimeSpan.Zero)), 20));
        var queue = new OutputQueue("test", 16, broken);
        var stream = new ThreadStream();
        queue.Redraw();
        await queue.WriteAsync(stream, "one").WaitAsync(TimeSpan.FromSeconds(60));
        await queue.WriteAsync(stream, "two").WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("one\ntwo\n", System.Text.Encoding.UTF8.GetString(stream.ToArray()));
        Assert.False(stream.WasOnThreadPool);
        await queue.CompleteAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static HostProcess StartUnread(int port, string setting) => HostProcess.StartUnread(
        "run", "tests/ActorSockets.Host.Tests/outbox.conf", "--json",
        "--set", $"actor-sockets.targets={{ {string.Join(" ", Enumerable.Range(0, Targets).Select(i => $"t{i} {{ }}\n"))} }}",
        "--set", $"actor-sockets.target-defaults.port={port}", "--set", "actor-sockets.target-defaults.payload.text=hello",
        "--set", "actor-sockets.target-defaults.confirm=close", "--set", $"actor-sockets.{setting}");

    private static async Task<int> PortAsync(HostProcess server) =>
        int.Parse(Regex.Match((await server.HearAsync(@"""bound"".*$")).Value, @":(\d+)""").Groups[1].Value, CultureInfo.InvariantCulture);

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new InvalidOperationException("no room");
    }

    private sealed class ThreadStream : MemoryStream
    {
        public bool WasOnThreadPool { get; private set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            WasOnThreadPool |= Thread.CurrentThread.IsThreadPoolThread;
            base.Write(buffer);
        }
    }
}
