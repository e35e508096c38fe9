using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>
/// A PeriodicTimer of 10 ms in a program that sends and receives with async sockets: to itself at full speed, or to many
/// that never read.
/// </summary>
internal static class PeriodicTicks
{
    private const int BufferBytes = 256 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    // The timer counts in milliseconds, and may be early by part of one.
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(1);

    /// <param name="seconds">How long it ticks.</param>
    /// <param name="connections">How many it sends to.</param>
    /// <param name="stalledPort">Where those listen; 0: the streams go to itself.</param>
    public static async Task RunAsync(int seconds, int connections, int stalledPort)
    {
        using var listener = Bytes.Listen();
        _ = ReceiveAsync(listener);
        var port = stalledPort == 0 ? ((IPEndPoint)listener.LocalEndPoint!).Port : stalledPort;
        for (var i = 0; i < connections; i++)
            _ = Task.Run(() => SendAsync(port));

        var late = new List<double>();
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Interval);
        var due = Interval;
        while (clock.Elapsed.TotalSeconds < seconds && await timer.WaitForNextTickAsync())
        {
            // Ticks that it has left out are late ones. One that makes up for them was counted with them.
            for (var now = clock.Elapsed; due <= now + Grain; due += Interval)
                late.Add(Math.Max(0, (now - due).TotalMilliseconds));
        }

        late.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"ticker: {late.Count} ticks, late by p50 {At(0.5):0.0} ms, p99 {At(0.99):0.0} ms, p99.9 {At(0.999):0.0} ms, max {late[^1]:0.0} ms"));

        double At(double quantile) => late[(int)(quantile * (late.Count - 1))];
    }

    private static async Task ReceiveAsync(Socket listener)
    {
        while (true)
            _ = AsyncSockets.DiscardAsync(await listener.AcceptAsync(), BufferBytes);
    }

    private static async Task SendAsync(int port)
    {
        using var socket = Bytes.NewSocket();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var buffer = new byte[BufferBytes];
        while (true)
            await socket.SendAsync(buffer);
    }
}
