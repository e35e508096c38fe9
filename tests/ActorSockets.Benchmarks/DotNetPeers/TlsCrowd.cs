using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>Many TLS clients: some that are idle, some that shake hands again and again, some that never do.</summary>
internal static class TlsCrowd
{
    private const int Connecting = 32;

    /// <summary>Opens so many connections, says how long that took, and keeps them open until it is ended.</summary>
    public static async Task HoldAsync(string directory, int port, int count)
    {
        using var gate = new SemaphoreSlim(Connecting);
        var startedAt = Stopwatch.GetTimestamp();
        var open = await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            await gate.WaitAsync();
            try
            {
                return await SslStreams.ConnectAsync(directory, port);
            }
            finally
            {
                gate.Release();
            }
        }));
        Gauges.Say("open", open.Length, Stopwatch.GetElapsedTime(startedAt));
        await Task.Delay(Timeout.Infinite);
        GC.KeepAlive(open);
    }

    /// <summary>
    /// So many clients shake hands and go, again and again, beside so many that connect and say nothing. One that the server
    /// ends comes again. Ends when it is ended.
    /// </summary>
    public static async Task FloodAsync(string directory, int port, int clients, int mute)
    {
        var silent = Enumerable.Range(0, mute).Select(_ => SayNothingAsync(port)).ToArray();
        await Task.WhenAll([.. silent, .. Enumerable.Range(0, clients).Select(_ => Task.Run(() => ShakeHandsAsync(directory, port)))]);
    }

    private static async Task ShakeHandsAsync(string directory, int port)
    {
        while (true)
        {
            try
            {
                await using var stream = await SslStreams.ConnectAsync(directory, port);
            }
            catch (Exception e) when (e is IOException or SocketException or System.Security.Authentication.AuthenticationException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10));
            }
        }
    }

    private static async Task SayNothingAsync(int port)
    {
        while (true)
        {
            try
            {
                using var socket = Bytes.NewSocket();
                await socket.ConnectAsync(IPAddress.Loopback, port);
                await socket.ReceiveAsync(new byte[1]);
            }
            catch (SocketException)
            {
                // Ended, or not let in.
            }

            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }
}
