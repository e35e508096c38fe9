using System.Diagnostics;
using System.Net;
using System.Text;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>Both ends of a syslog relay: lines of RFC 5424, without any answer.</summary>
internal static class Lines
{
    private const string Head = "<13>1 - h a - - - ";

    /// <summary>Sends so many lines, of so many bytes with their ends, and keeps the connection.</summary>
    public static async Task SendAsync(int port, int count, int size)
    {
        using var socket = Bytes.NewSocket();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var line = Encoding.ASCII.GetBytes(Head.PadRight(size - 1, 'x') + "\n");
        Console.WriteLine("sending");
        for (var i = 0; i < count; i++)
            await socket.SendAsync(line);
        await socket.ReceiveAsync(new byte[1]);
    }

    /// <summary>Takes one connection, and says when so many bytes have come, in the time since the first.</summary>
    public static async Task SinkAsync(long bytes)
    {
        using var listener = Bytes.Listen();
        using var socket = await listener.AcceptAsync();
        var buffer = new byte[1 << 20];
        var (startedAt, total) = (0L, 0L);
        while (total < bytes && await socket.ReceiveAsync(buffer) is > 0 and var came)
        {
            startedAt = startedAt == 0 ? Stopwatch.GetTimestamp() : startedAt;
            total += came;
        }

        Gauges.Say("received", total, Stopwatch.GetElapsedTime(startedAt));
    }
}
