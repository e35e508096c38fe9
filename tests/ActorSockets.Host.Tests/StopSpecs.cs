using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Signals while a run starts, and those that it was told to ignore.</summary>
public sealed class StopSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("stop-specs-").FullName;

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public async Task A_signal_breaks_off_a_stream_that_has_not_ended(string signal, int exitCode)
    {
        var pipe = await SendSpecs.CreateFifoAsync(_directory);
        // Open for writing too: it never ends.
        await using var send = HostProcess.StartInShell("", $"0<>{pipe}", "send", "-", "--to", ":9");
        await send.HearAsync("next attempt in");
        await send.SignalAsync(signal);
        Assert.Equal(exitCode, await send.ExitCodeAsync());
        Assert.Contains($"FAILED: standard input was broken off by SIG{signal}; nothing was sent", send.Said, StringComparison.Ordinal);
        Assert.Contains("stopped before these finished: target 1-127.0.0.1_9", send.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_ends_the_reading_of_a_configuration()
    {
        var pipe = await SendSpecs.CreateFifoAsync(_directory);
        await using var run = HostProcess.Start("run", pipe, "--json");
        // The pipe opens when the program opens its other end.
        await using var writer = await Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write)).WaitAsync(TimeSpan.FromSeconds(60));
        await run.SignalAsync("TERM");
        Assert.Equal(143, await run.ExitCodeAsync());
        Assert.Contains("\"event\":\"summary\",\"exitCode\":143", run.Output[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_under_nohup_survives_the_hangup()
    {
        await using var server = HostProcess.StartInShell("trap '' HUP;", "", "serve", ":0", "--sink", "discard");
        var port = await server.PortOfAsync("server-1");
        await server.SignalAsync("HUP");
        await using var send = HostProcess.Start("send", "LICENSE", "--to", string.Create(CultureInfo.InvariantCulture, $":{port}"),
            "--set", "actor-sockets.target-defaults.max-attempts=1");
        Assert.Equal(0, await send.ExitCodeAsync());
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task A_hangup_lets_a_connection_end()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "console");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, await server.PortOfAsync("server-1"));
        await server.HearAsync("connected");
        await server.SignalAsync("HUP");
        await server.HearAsync("stopping within 8 s");
        await client.Client.SendAsync("late\n"u8.ToArray());
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await server.ExitCodeAsync());
        Assert.EndsWith(": late", Assert.Single(server.Output), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
