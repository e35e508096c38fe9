using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary><c>send -</c>: what a program writes reaches the targets while it writes, and its end only when it is one.</summary>
public sealed class StreamSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("stream-specs-").FullName;

    [Fact]
    public async Task The_first_byte_arrives_while_the_input_is_open_and_the_end_at_its_end()
    {
        using var receiver = new Receiver();
        var (send, input) = await StartAsync("", "--to", $":{receiver.Port}");
        await using var _ = send;
        await receiver.AcceptAsync();
        await WriteAsync(input, "one");
        Assert.Equal("one", await receiver.HearAsync(3));
        await WriteAsync(input, "two");
        Assert.Equal("two", await receiver.HearAsync(3));
        input.Close();
        Assert.Equal(("", true), await receiver.HearEndAsync());
        receiver.Close();
        Assert.Equal(0, await send.ExitCodeAsync());
    }

    [Fact]
    public async Task With_the_deliveries_protocol_too()
    {
        using var receiver = new Receiver();
        var (send, input) = await StartAsync("", "--to", $":{receiver.Port}", "--protocol", "deliveries", "--id", "dump", "--name", "dump.sql");
        await using var _ = send;
        await receiver.AcceptAsync();
        await receiver.SayAsync("deliveries/1 window=1 remembers=7d\n");
        Assert.Equal("resume dump ? digest=xxh128 name=dump.sql", await receiver.HearLineAsync());
        await receiver.SayAsync("from dump 0\n");
        await WriteAsync(input, "one");
        Assert.Equal("3\none\n", await receiver.HearAsync(6));
        await WriteAsync(input, "two");
        Assert.Equal("3\ntwo\n", await receiver.HearAsync(6));
        input.Close();
        var digest = Regex.Match(await receiver.HearLineAsync(), "^end (xxh128:.*)$").Groups[1].Value;
        await receiver.SayAsync($"received dump 6 {digest}\n");
        Assert.Equal(("", true), await receiver.HearEndAsync());
        receiver.Close();
        Assert.Equal(0, await send.ExitCodeAsync());
    }

    [Fact]
    public async Task A_target_that_takes_nothing_and_one_that_is_down_do_not_hold_up_another()
    {
        using var quick = new Receiver();
        using var stalled = new Receiver();
        var (send, input) = await StartAsync("", "--to", $":{stalled.Port}", "--to", $":{quick.Port}", "--to", ":1");
        await using var _ = send;
        await quick.AcceptAsync();
        var half = new string('x', 16 << 20);
        for (var i = 0; i < 2; i++)
        {
            await WriteAsync(input, half);
            Assert.Equal(half, await quick.HearAsync(half.Length));
        }

        input.Close();
        Assert.Equal(("", true), await quick.HearEndAsync());
        quick.Close();
        await send.HearAsync($@"target 2-127\.0\.0\.1_{quick.Port}: SENT 32 MiB");
        await stalled.AcceptAsync();
        Assert.Equal((2 * half.Length, true), (await stalled.HearEndAsync() is var (text, isWhole) ? text.Length : 0, isWhole));
    }

    [Fact]
    public async Task A_disk_without_room_is_an_error_and_no_end()
    {
        using var receiver = new Receiver();
        // The limit of a file's size stands in for a full disk. The runtime's own large file needs to be off.
        var (send, input) = await StartAsync("trap '' XFSZ; ulimit -f 16; export DOTNET_EnableWriteXorExecute=0 TMPDIR=/tmp;",
            "--to", $":{receiver.Port}");
        await using var _ = send;
        await receiver.AcceptAsync();
        await WriteAsync(input, "one");
        Assert.Equal("one", await receiver.HearAsync(3));
        await WriteAsync(input, new string('x', 20_000));
        Assert.False((await receiver.HearEndAsync()).IsWhole);
        Assert.Equal(1, await send.ExitCodeAsync());
        Assert.Contains("FAILED: standard input cannot be copied into /tmp/: File too large; set TMPDIR, or spool.directory, to a directory with room; ", send.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--protocol deliveries")]
    public async Task Nobody_sees_an_end_of_an_input_that_is_not_what_was_expected(string protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        var deliveries = protocol.Length > 0;
        await using var server = HostProcess.Start("serve", ":0", "--sink", _directory, "--protocol", deliveries ? "deliveries" : "raw");
        var port = await server.PortOfAsync("server-1");
        var (send, input) = await StartAsync("", ["--expect-bytes", "8", "--to", $":{port}", .. protocol.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        await using var _ = send;
        await server.HearAsync("connected");
        await WriteAsync(input, "half");
        await send.HearAsync("connected, sending a stream");
        input.Close();
        Assert.Equal(1, await send.ExitCodeAsync());
        Assert.Contains("FAILED: standard input has 4 B, and --expect-bytes is 8: no target was told that it ended", send.Said, StringComparison.Ordinal);
        await server.SignalAsync("TERM");
        await server.ExitCodeAsync();
        Assert.Empty(Stored());
    }

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("KILL", 137)]
    public async Task A_program_that_is_stopped_resets_its_targets_and_leaves_no_spool(string signal, int exitCode)
    {
        using var receiver = new Receiver();
        var (send, input) = await StartAsync($"export TMPDIR={_directory};", "--to", $":{receiver.Port}");
        await using var _ = send;
        await receiver.AcceptAsync();
        await WriteAsync(input, "one");
        Assert.Equal("one", await receiver.HearAsync(3));
        await send.SignalAsync(signal);
        Assert.Equal(("", false), await receiver.HearEndAsync());
        Assert.Equal(exitCode, await send.ExitCodeAsync());
        Assert.DoesNotContain(Directory.GetFiles(_directory), f => Path.GetFileName(f).StartsWith("actorsockets-", StringComparison.Ordinal));
        input.SafeFileHandle.Dispose();
    }

    [Fact]
    public async Task A_server_killed_in_the_middle_gets_the_rest_and_the_file_is_whole()
    {
        var server = HostProcess.Start(Server(0));
        var port = await server.PortOfAsync("server-1");
        var (send, input) = await StartAsync("", "--to", $":{port}", "--protocol", "deliveries", "--name", "dump", "--set", "actor-sockets.target-defaults.backoff={ min = 10ms, max = 100ms }");
        await using var _ = send;
        var bytes = new byte[3_000_000];
        new Random(7).NextBytes(bytes);
        await input.WriteAsync(bytes.AsMemory(0, 2_000_000));
        using (var patience = new CancellationTokenSource(Patience))
        {
            while (!Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories).Any(f => f.Contains("/partial/", StringComparison.Ordinal) && new FileInfo(f).Length > 1_000_000))
                await Task.Delay(10, patience.Token);
        }

        await server.SignalAsync("KILL");
        await send.HearAsync("next attempt in");
        await server.DisposeAsync();
        await using var restarted = HostProcess.Start(Server(port));
        await send.HearAsync("resuming at ");
        await input.WriteAsync(bytes.AsMemory(2_000_000));
        input.Close();
        Assert.Equal(0, await send.ExitCodeAsync());
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(_directory, "dump")));

        string[] Server(int at) => ["serve", $":{at}", "--sink", _directory, "--protocol", "deliveries", "--set", "actor-sockets.server-defaults.flush-bytes=64KiB"];
    }

    [Fact]
    public async Task A_log_that_is_followed_is_sent_line_by_line()
    {
        var log = Path.Combine(_directory, "log");
        await File.WriteAllTextAsync(log, "first\n");
        using var receiver = new Receiver();
        await using var send = HostProcess.StartInShell("", $"< <(exec tail -n +1 -f {log})", "send", "-", "--to", string.Create(CultureInfo.InvariantCulture, $":{receiver.Port}"));
        await receiver.AcceptAsync();
        Assert.Equal("first", await receiver.HearLineAsync());
        await File.AppendAllTextAsync(log, "second\n");
        Assert.Equal("second", await receiver.HearLineAsync());
        await send.SignalAsync("TERM");
        Assert.Equal(("", false), await receiver.HearEndAsync());
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("deliveries")]
    public async Task An_input_of_any_size_takes_a_bounded_memory_and_two_targets_get_all_of_it(string protocol)
    {
        const long Size = 256L << 20;
        await using var server = HostProcess.Start("serve", ":0", ":0", "--sink", "discard", "--protocol", protocol);
        var (one, two) = (await server.PortOfAsync("server-1"), await server.PortOfAsync("server-2"));
        await using var send = HostProcess.StartInShell("export DOTNET_GCHeapHardLimit=0x4000000;", $"< <(head -c {Size} /dev/zero)",
            "send", "-", "--to", $":{one}", "--to", $":{two}", "--protocol", protocol);
        Assert.Equal(0, await send.ExitCodeAsync());
        Assert.Equal(2, Regex.Count(send.Said, $@"(?m)^\d-127\.0\.0\.1_\d+ +(sent|delivered) +{Size} +1 "));
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("deliveries")]
    public async Task An_empty_input_is_an_empty_payload(string protocol)
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--protocol", protocol);
        var (exitCode, said) = await HostProcess.RunAsync("send", "-", "--to", $":{await server.PortOfAsync("server-1")}", "--protocol", protocol);
        Assert.Equal(0, exitCode);
        Assert.Matches(@"(?m)^1-127\.0\.0\.1_\d+ +(sent|delivered) +0 +1 ", said);
    }

    [Fact]
    public async Task A_configuration_names_a_stream_and_its_targets_share_it()
    {
        var pipe = await SendSpecs.CreateFifoAsync(_directory);
        var inbox = Directory.CreateDirectory(Path.Combine(_directory, "inbox")).FullName;
        await using var server = HostProcess.Start("serve", ":0", ":0", "--sink", inbox, "--receipt");
        var (one, two) = (await server.PortOfAsync("server-1"), await server.PortOfAsync("server-2"));
        await using var run = HostProcess.Start("run", "tests/ActorSockets.Host.Tests/outbox.conf",
            "--set", $"actor-sockets.targets={{ a {{ port = {one} }}, b {{ port = {two} }} }}", "--set", $"actor-sockets.target-defaults.payload={{ stream = \"{pipe}\" }}");
        await using (var writer = await OpenAsync(pipe))
            await WriteAsync(writer, "hello");
        Assert.Equal(0, await run.ExitCodeAsync());
        Assert.Equal(["hello", "hello"], Directory.GetFiles(inbox).Select(File.ReadAllText));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string[] Stored() => [.. Directory.GetFiles(_directory).Where(f => Path.GetFileName(f) != "pipe" && !f.EndsWith(".partial", StringComparison.Ordinal))];

    /// <summary><c>send -</c>, and the other end of its standard input.</summary>
    private async Task<(HostProcess Send, FileStream Input)> StartAsync(string before, params string[] arguments)
    {
        var pipe = await SendSpecs.CreateFifoAsync(_directory);
        var send = HostProcess.StartInShell(before, $"< {pipe}", ["send", "-", .. arguments]);
        return (send, await OpenAsync(pipe));
    }

    /// <summary>Opens when the other end does.</summary>
    private static Task<FileStream> OpenAsync(string pipe) =>
        Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0)).WaitAsync(Patience);

    private static async Task WriteAsync(FileStream input, string text) => await input.WriteAsync(Encoding.ASCII.GetBytes(text)).AsTask().WaitAsync(Patience);
}
