using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>One program looks at another one: <c>top</c> and <c>health</c>.</summary>
public sealed class TopSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("top-specs-").FullName;

    [Fact]
    public async Task Top_prints_the_table_of_a_program_elsewhere_to_the_byte()
    {
        await using var server = Serve();
        var (port, page) = (await server.PortOfAsync("server-1"), await PageOfAsync(server));
        const int Length = 5_000;
        var file = Path.Combine(_directory, "payload");
        await File.WriteAllBytesAsync(file, new byte[Length]);
        var (sent, said) = await HostProcess.RunAsync("send", file, "--to", $":{port}", "--confirm", "receipt");
        Assert.True(sent == 0, said);

        var (exitCode, table) = await HostProcess.RunAsync("top", page);
        Assert.Equal(0, exitCode);
        var row = table.Split('\n').Single(line => line.StartsWith("server-1", StringComparison.Ordinal));
        Assert.Matches($@"^server-1 +4\.9 KiB .*127\.0\.0\.1:{port}, 0 open, 1 in all$", row.TrimEnd());
        Assert.DoesNotContain('\e', table);
    }

    [Fact]
    public async Task Top_keeps_a_table_on_a_terminal_until_a_signal_and_ends_when_the_program_does()
    {
        await using var server = Serve();
        var page = await PageOfAsync(server);
        await using var ended = HostProcess.StartOnTerminal(100, 24, "", "top", page);
        await ended.HearAsync("server-1 .*0 open, 0 in all");
        await ended.HearAsync("\e\\[1A\e\\[J.*server-1 .*0 open, 0 in all");
        await using (var signalled = HostProcess.StartOnTerminal(100, 24, "", "top", page))
        {
            await signalled.HearAsync("server-1 .*0 open, 0 in all");
            await HostProcess.SignalAsync(await signalled.ChildAsync(), "INT");
            Assert.Equal(0, await signalled.ExitCodeAsync());
        }

        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.ExitCodeAsync());
        Assert.Equal(1, await ended.ExitCodeAsync());
        Assert.Contains($"error: {page}: ", ended.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Top_needs_the_token_and_health_does_not()
    {
        var (token, none) = (Path.Combine(_directory, "token"), Path.Combine(_directory, "none"));
        await File.WriteAllTextAsync(token, "0123456789abcdef\n");
        await using var server = Serve("--set", $"actor-sockets.web.token-file={token}");
        var page = await PageOfAsync(server);
        Assert.Equal((1, $"error: {page}: needs its token: --token-file FILE\n"), await HostProcess.RunAsync("top", page));
        var (exitCode, table) = await HostProcess.RunAsync("top", page, "--token-file", token);
        Assert.True(exitCode == 0, table);
        var (failed, said) = await HostProcess.RunAsync("top", page, "--token-file", none);
        Assert.True(failed == 1 && said.StartsWith($"error: {page}: Could not find file '{none}'", StringComparison.Ordinal), said);
        Assert.Equal((0, "ready\n"), await HostProcess.RunAsync("health", page));
    }

    [Fact]
    public async Task Health_fails_while_the_program_drains_and_when_it_has_gone()
    {
        await using var server = Serve();
        var page = await PageOfAsync(server);
        // Without the scheme it is the same address.
        var address = new Uri(page).Authority;
        Assert.Equal((0, "ready\n"), await HostProcess.RunAsync("health", address));
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, await server.PortOfAsync("server-1"));
            await server.HearAsync("connected$");
            await server.SignalAsync("TERM");
            await server.HearAsync("stopping within");
            Assert.Equal((1, $"error: {page}: draining\n"), await HostProcess.RunAsync("health", address));
        }

        await server.ExitCodeAsync();
        var (exitCode, said) = await HostProcess.RunAsync("health", address);
        Assert.Equal(1, exitCode);
        Assert.Equal($"error: {page}: Connection refused ({address}); does the program run there, with web.enabled = on?\n", said);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "its answer is not the overview of an actorsockets of this version")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{\"targets\":[null],\"servers\":[]}", "its answer is not the overview of an actorsockets of this version")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered with 404 NotFound")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "answered with 302 Found")]
    [InlineData("HTTP/1.1 503 No\r\nContent-Length: 8\r\n\r\n\e[2Jbusy\n", "\\u001b[2Jbusy")]
    public async Task Whoever_answers_otherwise_is_said_on_one_printable_line(string answer, string said)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener, answer);
        var page = string.Create(CultureInfo.InvariantCulture, $"http://{listener.LocalEndpoint}/");
        Assert.Equal((1, $"error: {page}: {said}\n"), await HostProcess.RunAsync("top", page));
        await answering;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static HostProcess Serve(params string[] more) =>
        HostProcess.Start(["serve", ":0", "--sink", "discard", "--receipt", "--set", "actor-sockets.web.enabled=on", "--set", "actor-sockets.web.port=0", .. more]);

    private static async Task<string> PageOfAsync(HostProcess server) => (await server.HearAsync("^web: listening on (.*)$")).Groups[1].Value;

    private static async Task AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        // The whole request: what is left unread would turn the close into a reset.
        var request = new byte[4096];
        for (var read = 0; !Encoding.ASCII.GetString(request, 0, read).EndsWith("\r\n\r\n", StringComparison.Ordinal);)
            read += await client.Client.ReceiveAsync(request.AsMemory(read));
        await client.Client.SendAsync(Encoding.ASCII.GetBytes(answer));
        client.Client.Shutdown(SocketShutdown.Send);
        await client.Client.ReceiveAsync(request);
    }
}
