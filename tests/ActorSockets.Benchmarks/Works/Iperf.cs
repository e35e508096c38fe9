using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>iperf3 to itself: what the machine gives to one stream that makes up its bytes and forgets them.</summary>
internal static class Iperf
{
    public const string Name = "iperf3 (ceiling)";

    public static string? Missing => Launch.Tool("iperf3", "iperf3").Missing();

    /// <returns>MiB/s, as its receiver saw it.</returns>
    public static async Task<double> RunAsync(long bytes, CancellationToken cancellation)
    {
        // It takes none by itself.
        var port = Senders.Text(FreePort.Next());
        await using var server = Child.Start(Launch.Tool("iperf3", "iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", port));
        await server.PortAsync(cancellation);
        await using var client = Child.Start(Launch.Tool("iperf3", "iperf3", "-c", "127.0.0.1", "-p", port, "-n", Senders.Text(bytes), "-l", "256K", "-f", "g"));
        // 4.00 GBytes  23.1 Gbits/sec                  receiver
        var line = await client.HearAsync(@"([\d.]+) Gbits/sec\s+receiver", cancellation);
        await client.EndAsync(cancellation);
        return line.Number(1) * 1e9 / 8 / (1 << 20);
    }
}
