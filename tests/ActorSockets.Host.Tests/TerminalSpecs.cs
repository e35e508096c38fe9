using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>A terminal without room for the live table must not hold up the data.</summary>
public sealed class TerminalSpecs
{
    private static readonly string[] Serve = ["serve", "*:0", "--sink", "console", "--set", "actor-sockets.report.refresh-interval=50ms"];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_terminal_without_room_for_a_table_shows_the_data(int rows)
    {
        await using var server = HostProcess.StartOnTerminal(80, rows, "", Serve.Select(a => $"'{a}'").ToArray());
        await AssertPrintsAsync(server, "hello");
        await AssertPrintsAsync(server, "again");
    }

    [Fact]
    public async Task A_terminal_that_becomes_too_small_goes_on_showing_the_data()
    {
        await using var server = HostProcess.StartOnTerminal(80, 24, "", Serve.Select(a => $"'{a}'").ToArray());
        await AssertPrintsAsync(server, "hello");
        await server.HearAsync("server-1 .*, 0 open, 1 in all");
        await ResizeAsync(server, 1);
        for (var i = 0; i < 20; i++)
            await AssertPrintsAsync(server, string.Create(CultureInfo.InvariantCulture, $"small {i}."));
        await ResizeAsync(server, 24);
        await server.HearAsync("server-1 .*, 0 open, 21 in all");
    }

    private static async Task AssertPrintsAsync(HostProcess server, string text)
    {
        var port = int.Parse((await server.HearAsync(@"listening on 0\.0\.0\.0:(\d+)")).Groups[1].Value, CultureInfo.InvariantCulture);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.Client.SendAsync(Encoding.ASCII.GetBytes(text + "\n"));
        client.Client.Shutdown(SocketShutdown.Send);
        await server.HearAsync($@"< 127\.0\.0\.1:\d+: {text}");
    }

    private static async Task ResizeAsync(HostProcess server, int rows)
    {
        var program = await server.ChildAsync();
        var terminal = new FileInfo($"/proc/{program}/fd/2").LinkTarget!;
        using var stty = Process.Start("stty", ["-F", terminal, "rows", rows.ToString(CultureInfo.InvariantCulture)]);
        await stty.WaitForExitAsync();
        Assert.Equal(0, stty.ExitCode);
    }
}
