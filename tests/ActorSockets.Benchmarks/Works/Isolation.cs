using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Clients;
using ActorSockets.Payloads;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// One healthy target alone, and beside 50 that are dead, stalled or slow, alternating in one run: the ratio of its
/// throughputs is what "no target can hold up another" is worth. Loopback only; about a minute.
/// </summary>
internal static class Isolation
{
    private const int Rounds = 7;
    private const long Bytes = 4L << 30;

    public static async Task<int> RunAsync()
    {
        using var healthy = new Sink(delay: null);
        using var slow = new Sink(delay: TimeSpan.FromMilliseconds(100));
        using var stalled = new Sink(delay: Timeout.InfiniteTimeSpan);
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // Bound and not listening: every connect is refused.
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var ports = new[] { ((IPEndPoint)dead.LocalEndPoint!).Port, stalled.Port, slow.Port };
        var troubled = Enumerable.Range(0, 50).Select(i => string.Create(CultureInfo.InvariantCulture, $"bad-{i} {{ port = {ports[i % 3]} }}\n"));
        var config = ConfigurationFactory.ParseString($$"""
            akka.loglevel = OFF
            akka.stdout-loglevel = OFF
            actor-sockets.shutdown.drain-timeout = 0s
            actor-sockets.targets {
              healthy { port = {{healthy.Port}} }
              {{string.Concat(troubled)}}
            }
            """);

        Console.WriteLine($"{Environment.ProcessorCount} cores, .NET {Environment.Version}, {Bytes >> 20} MiB a delivery, {Rounds} rounds");
        Console.WriteLine("| round | alone, MiB/s | beside 50, MiB/s | ratio |");
        Console.WriteLine("| ---: | ---: | ---: | ---: |");
        var ratios = new List<double>();
        await MeasureAsync(config, besideOthers: false);
        for (var round = 1; round <= Rounds; round++)
        {
            // Which one goes first alternates, for whatever warms up or wears out.
            var first = await MeasureAsync(config, besideOthers: round % 2 == 0);
            var second = await MeasureAsync(config, besideOthers: round % 2 == 1);
            var (alone, beside) = round % 2 == 0 ? (second, first) : (first, second);
            ratios.Add(beside / alone);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {round} | {alone:0} | {beside:0} | {beside / alone:0.00} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median ratio {ratios.Order().ElementAt(Rounds / 2):0.00} (aim: 0.95)"));
        return 0;
    }

    private static async Task<double> MeasureAsync(Config config, bool besideOthers)
    {
        using var system = ActorSystem.Create("isolation", config.WithFallback(ActorSocketsSettings.Reference));
        var sockets = ActorSocketsExtension.For(system);
        if (besideOthers)
        {
            foreach (var target in sockets.Settings.Targets.Where(t => t.Name != "healthy"))
                sockets.Clients.Tell(new Deliveries.Deliver("1", target.Name, new GeneratedPayload(1L << 40)));
            // Until they are in the state that they will be in.
            await Task.Delay(TimeSpan.FromSeconds(2));
        }

        var clock = Stopwatch.StartNew();
        var outcome = await sockets.Clients.Ask<Deliveries.IOutcome>(new Deliveries.Deliver("1", "healthy", new GeneratedPayload(Bytes)));
        var rate = (Bytes >> 20) / clock.Elapsed.TotalSeconds;
        await system.Terminate();
        return outcome is Deliveries.Delivered ? rate : throw new InvalidOperationException(outcome.ToString());
    }

    /// <summary>A plain socket that reads everything; or waits after each read; or never reads.</summary>
    private sealed class Sink : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public Sink(TimeSpan? delay)
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            _ = AcceptAsync(delay);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync(TimeSpan? delay)
        {
            try
            {
                while (true)
                    _ = ReadAsync(await _listener.AcceptAsync(), delay);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The run is over.
            }
        }

        private static async Task ReadAsync(Socket socket, TimeSpan? delay)
        {
            using var _ = socket;
            try
            {
                // A slow one takes 640 KB a second.
                var buffer = new byte[(delay is null ? 256 : 64) * 1024];
                while (await socket.ReceiveAsync(buffer) > 0)
                {
                    if (delay is { } pause)
                        await Task.Delay(pause);
                }
            }
            catch (SocketException)
            {
                // The sender was stopped.
            }
        }
    }
}
