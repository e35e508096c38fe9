using System.Diagnostics;
using System.Globalization;
using ActorSockets.Payloads;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>How long one thing takes while nothing else is under way, in milliseconds: <c>took p50 … p99 …</c>.</summary>
internal static class Latencies
{
    // What is compiled at the start is.
    private const int WarmUp = 200;

    private const int Page = 4096;

    /// <summary>A payload to target <c>t</c> of a configuration file, from the call to its outcome.</summary>
    public static async Task LibraryAsync(string configuration, int count, int size)
    {
        var system = ActorSystem.Create("sender", ConfigurationFactory.ParseString(await File.ReadAllTextAsync(configuration)));
        var library = ActorSocketsExtension.For(system);
        var payload = new BytesPayload(new byte[size]);
        var took = new List<double>();
        for (var i = 0; i < WarmUp + count; i++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            if (await library.SendAsync("t", payload) is not Events.Deliveries.Delivered)
                throw new InvalidOperationException("a payload was not delivered");
            took.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        }

        Say(took);
        await system.Terminate();
    }

    /// <summary>Two pages appended to a file, each flushed.</summary>
    public static Task TwoFlushesAsync(string directory, int count)
    {
        using var file = new FileStream(Path.Combine(directory, "flushed"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var (page, took) = (new byte[Page], new List<double>());
        for (var i = 0; i < WarmUp + count; i++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            for (var flush = 0; flush < 2; flush++)
            {
                file.Write(page);
                file.Flush(flushToDisk: true);
            }

            took.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        }

        Say(took);
        return Task.CompletedTask;
    }

    private static void Say(List<double> took)
    {
        var sorted = took.Skip(WarmUp).Order().ToArray();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"took p50 {sorted[sorted.Length / 2]:0.000} p99 {sorted[sorted.Length * 99 / 100]:0.000}"));
    }
}
