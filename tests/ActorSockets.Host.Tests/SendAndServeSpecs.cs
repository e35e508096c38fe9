using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Without a file: <c>send</c> to <c>serve</c>.</summary>
public sealed class SendAndServeSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("send-and-serve-specs-").FullName;

    [Theory]
    [InlineData("sha256")]
    [InlineData("xxh128")]
    public async Task A_file_is_sent_to_two_servers_with_proof(string digest)
    {
        var content = new byte[3_000_001];
        new Random(5).NextBytes(content);
        var file = Path.Combine(_directory, "a file \"quoted\".bin");
        await File.WriteAllBytesAsync(file, content);
        var inbox = Directory.CreateDirectory(Path.Combine(_directory, "inbox")).FullName;

        await using var server = HostProcess.Start("serve", ":0", "127.0.0.1:0", "--sink", inbox, "--receipt", "--digest", digest);
        var (one, two) = (await server.PortOfAsync("server-1"), await server.PortOfAsync("server-2"));
        var (exitCode, said) = await HostProcess.RunAsync("send", file, "--to", $"localhost:{one}", "--to", $":{two}", "--confirm", "receipt", "--digest", digest);
        Assert.Equal(0, exitCode);
        Assert.Matches($@"(?m)^1-localhost_{one} +delivered +3000001 ", said);
        Assert.Matches($@"(?m)^2-127.0.0.1_{two} +delivered +3000001 ", said);
        Assert.All(Directory.GetFiles(inbox), stored => Assert.Equal(content, File.ReadAllBytes(stored)));
        Assert.Equal(2, Directory.GetFiles(inbox).Length);

        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task Standard_input_is_sent_to_each_target_at_its_own_pace_and_its_spool_is_gone()
    {
        var text = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i}\n"));
        await using var server = HostProcess.Start("serve", ":0", "--sink", _directory);
        await using var busy = HostProcess.Start("serve", ":0", "--sink", _directory, "--set", "actor-sockets.server-defaults.processing-delay=80ms");
        var (quickPort, busyPort) = (await server.PortOfAsync("server-1"), await busy.PortOfAsync("server-1"));
        await using var send = HostProcess.StartWithInput(text, "send", "-", "--to", $":{quickPort}", "--to", $":{busyPort}");
        Assert.Equal(0, await send.ExitCodeAsync());
        Assert.All(Directory.GetFiles(_directory), stored => Assert.Equal(text, File.ReadAllText(stored)));
        Assert.Equal(2, Directory.GetFiles(_directory).Length);
        Assert.DoesNotContain(Directory.GetFiles(Path.GetTempPath()), f => Path.GetFileName(f).StartsWith("actorsockets-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_sent_is_printed_by_a_server_that_is_told_nothing_else()
    {
        await using var server = HostProcess.Start("serve", "[::1]:0");
        using var client = new TcpClient(AddressFamily.InterNetworkV6);
        await client.ConnectAsync(IPAddress.IPv6Loopback, await server.PortOfAsync("server-1"));
        await client.Client.SendAsync(Encoding.ASCII.GetBytes("hello\n"));
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await client.Client.ReceiveAsync(new byte[1]));
        Assert.Matches(@"^server-1 < \[::1\]:\d+: hello$", Assert.Single(server.Output));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
