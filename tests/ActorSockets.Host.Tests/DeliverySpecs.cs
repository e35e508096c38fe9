using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>The program's servers of the deliveries protocol, as their users see them.</summary>
public sealed class DeliverySpecs : IDisposable
{
    private readonly string _inbox = Directory.CreateTempSubdirectory("delivery-specs-").FullName;

    public void Dispose() => Directory.Delete(_inbox, recursive: true);

    [Fact]
    public async Task A_conversation_of_the_protocols_page_is_a_file_and_an_event()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", _inbox, "--protocol", "deliveries", "--json");
        var port = int.Parse(Regex.Match((await server.HearAsync(@"""bound"".*$")).Value, @":(\d+)""").Groups[1].Value, null);
        var answer = await SayAsync(port, "deliver greeting-1 5 name=hello.txt\n5\nhello\nend\n");
        Assert.Equal("""
            deliveries/1 window=64 max-length=1099511627776 remembers=7d digests=xxh128,sha256
            received greeting-1 5 xxh128:b5e9c1ad071b3e7fc779cfaa5e523818

            """.ReplaceLineEndings("\n"), answer);
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(_inbox, "hello.txt")));

        var stored = JsonNode.Parse((await server.HearAsync(@"^\{.*""stored"".*$")).Value)!;
        Assert.Equal(("greeting-1", "hello.txt", 5, 0, "xxh128:b5e9c1ad071b3e7fc779cfaa5e523818", Path.Combine(_inbox, "hello.txt")),
            ((string)stored["id"]!, (string)stored["name"]!, (int)stored["length"]!, (int)stored["resumedFrom"]!, (string)stored["digest"]!, (string)stored["storedAs"]!));
        await server.SignalAsync("INT");
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task Lines_show_names_without_what_would_turn_a_terminals_text()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", _inbox, "--protocol", "deliveries");
        var port = await server.PortOfAsync("server-1");
        await SayAsync(port, "deliver a 5 name=%E2%80%AEfdp.exe\n5\nhello\nend\nresume a 5\nresume b 5 name=..\n");
        await server.HearAsync(@"server-1: \S+ delivered a: 5 B in .*: .*/\\u202efdp\.exe$");
        await server.HearAsync(@"server-1: \S+ delivered a again: it is stored already: .*/\\u202efdp\.exe$");
        await server.HearAsync(@"server-1: refused b of \S+: bad-name: ");
        Assert.DoesNotContain('\u202e', server.Said);
    }

    [Fact]
    public async Task Two_programs_cannot_have_one_inbox()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", _inbox, "--protocol", "deliveries");
        await server.PortOfAsync("server-1");
        var (exitCode, said) = await HostProcess.RunAsync("serve", ":0", "--sink", _inbox, "--protocol", "deliveries");
        Assert.Equal(1, exitCode);
        Assert.Matches($"(?m)^error: actor-sockets.servers.server-1: cannot listen on .*: {Regex.Escape(_inbox)}", said);
    }

    private static async Task<string> SayAsync(int port, string text)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", port);
        using var answer = new StreamReader(new NetworkStream(socket));
        await socket.SendAsync(Encoding.UTF8.GetBytes(text));
        socket.Shutdown(SocketShutdown.Send);
        return await answer.ReadToEndAsync();
    }
}
