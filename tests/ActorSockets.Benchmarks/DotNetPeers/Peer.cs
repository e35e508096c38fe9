using System.Globalization;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>
/// <c>peer NAME …</c>: this executable as one of the processes that are measured, or that measure. Servers listen on a free
/// port, which their starter finds in /proc. PAYLOAD is a file, or a number of bytes that are made up.
/// </summary>
internal static class Peer
{
    // For one whose starter was killed before it could end it.
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(15);

    public static async Task<int> RunAsync(string name, string[] args)
    {
        using var end = new Timer(_ => Environment.Exit(3), null, LongestLife, Timeout.InfiniteTimeSpan);
        await (name switch
        {
            "sink" => Gauges.SinkAsync(Int(args[0]), args.Length > 1 ? Long(args[1]) : 0),
            "crowd-sink" => Crowd.SinkAsync(Int(args[0])),
            "source" => Gauges.SourceAsync(Int(args[0]), Long(args[1])),
            "stall" => Gauges.StallAsync(),
            "slow" => Gauges.SlowAsync(),
            "hold" => Crowd.HoldAsync(Int(args[0]), Int(args[1])),
            "blocking-send" => BlockingSockets.SendAsync(args[0], Int(args[1]), Int(args[2])),
            "blocking-receive" => BlockingSockets.ReceiveAsync(Int(args[0])),
            "async-send" => AsyncSockets.SendAsync(args[0], Int(args[1]), [.. args[2..].Select(Int)]),
            "async-receive" => AsyncSockets.ReceiveAsync(Int(args[0]), args.Length > 1 ? args[1] : null),
            "async-crowd" => Crowd.SendAsync(Int(args[0]), Int(args[1])),
            "library-send" => SmallMessages.LibrarySendAsync(args[0], Int(args[1]), Int(args[2]), Int(args[3])),
            "lines-send" => Lines.SendAsync(Int(args[0]), Int(args[1]), Int(args[2])),
            "lines-sink" => Lines.SinkAsync(Long(args[0])),
            "library-latency" => Latencies.LibraryAsync(args[0], Int(args[1]), Int(args[2])),
            "two-flushes" => Latencies.TwoFlushesAsync(args[0], Int(args[1])),
            "each-send" => SmallMessages.EachSendAsync(Int(args[0]), Int(args[1]), Int(args[2])),
            "prefixed-send" => SmallMessages.PrefixedSendAsync(Int(args[0]), Int(args[1]), Int(args[2]), Int(args[3])),
            "prefixed-receive" => SmallMessages.PrefixedReceiveAsync(),
            "durable-loop" => SmallMessages.DurableLoopAsync(args[0], Int(args[1]), Int(args[2]), Int(args[3])),
            "sqlite-writer" => SqliteWriter.RunAsync(args[0], Int(args[1]), Int(args[2]), Int(args[3]), Int(args[4])),
            "outbox-fill" => OutboxFill.RunAsync(args[0], Int(args[1]), Int(args[2]), Int(args[3]), args[4] == "shared"),
            "hash" => Gauges.HashAsync(args[0], Long(args[1])),
            "ssl-send" => SslStreams.SendAsync(args[0], args[1], Int(args[2]), Int(args[3])),
            "ssl-receive" => SslStreams.ReceiveAsync(args[0], Int(args[1])),
            "ssl-sink" => SslStreams.SinkAsync(args[0]),
            "ssl-source" => SslStreams.SourceAsync(args[0], Int(args[1]), Long(args[2])),
            "ssl-hold" => TlsCrowd.HoldAsync(args[0], Int(args[1]), Int(args[2])),
            "ssl-flood" => TlsCrowd.FloodAsync(args[0], Int(args[1]), Int(args[2]), Int(args[3])),
            "akka-send" => AkkaIo.SendAsync(args[0], Int(args[1])),
            "akka-receive" => AkkaIo.ReceiveAsync(),
            "streams-send" => AkkaStreams.SendAsync(args[0], Int(args[1])),
            "streams-receive" => AkkaStreams.ReceiveAsync(),
            "kestrel-receive" => Kestrel.ReceiveAsync(),
            "ticks" => PeriodicTicks.RunAsync(Int(args[0]), Int(args[1]), Int(args[2])),
            _ => throw new ArgumentException($"there is no peer {name}"),
        });
        return 0;
    }

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static long Long(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
