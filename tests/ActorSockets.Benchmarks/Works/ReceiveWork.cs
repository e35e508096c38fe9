using System.Diagnostics;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// Bulk receive and forget: a plain blocking source in a process of its own measures from its first write to the server's
/// FIN. Then both ends ours against both ends async sockets, timed from the sender's "connected" to its "delivered", as heard
/// here.
/// </summary>
internal static class ReceiveWork
{
    private const string WithReceipts = "ours, with receipts";
    private const string WithQuickReceipts = "ours, with receipts of xxh128";
    private const string Deliveries = "ours, protocol = deliveries";

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var discard = new Contest($"receive and discard, {bench.Size}", new Metric("at the source", "MiB/s"))
        {
            Timeout = bench.BulkTimeout,
            Goals = Goal.Bulk("asyncio", "socat", "nc", "ncat"),
        };
        foreach (var (name, command) in Receivers.All())
            discard.Add(name, command.Missing(), async timeout => [await FromSourceAsync(bench, command, timeout)]);
        await discard.RunAsync(bench, cancellation);

        var both = NewContest($"both ends, {bench.Size}");
        var stored = Directory.CreateDirectory(Path.Combine(bench.Scratch, "stored")).FullName;
        Add(Contest.Ours, Receivers.Ours(), Generated);
        Add(WithReceipts, Receivers.Ours("--receipt"), port => WithReceipt(Generated(port)));
        Add(WithQuickReceipts, Receivers.Ours("--receipt", "--digest", "xxh128"), port => WithQuickReceipt(Generated(port)));
        Add(Deliveries, Receivers.Ours("--protocol", "deliveries"), port => WithDeliveries(Generated(port)));
        Add("async .NET, 64 KiB", Receivers.Async(64 * 1024), port => Senders.Async(Senders.Text(bench.Bytes), 64, port));
        Add("async .NET, 256 KiB", Receivers.Async(256 * 1024), port => Senders.Async(Senders.Text(bench.Bytes), 256, port));
        await both.RunAsync(bench, cancellation);

        both = NewContest($"both ends, into a file, {bench.Size}");
        Add(Contest.Ours, Launch.Ours("serve", "127.0.0.1:0", "--sink", stored), Generated);
        Add(WithReceipts, Launch.Ours("serve", "127.0.0.1:0", "--sink", stored, "--receipt"), port => WithReceipt(Generated(port)));
        Add(WithQuickReceipts, Launch.Ours("serve", "127.0.0.1:0", "--sink", stored, "--receipt", "--digest", "xxh128"), port => WithQuickReceipt(Generated(port)));
        Add(Deliveries, Launch.Ours("serve", "127.0.0.1:0", "--sink", stored, "--protocol", "deliveries"), port => WithDeliveries(Generated(port)));
        Add("async .NET, 64 KiB", Launch.DotNet("async-receive", "65536", stored), port => Senders.Async(Senders.Text(bench.Bytes), 64, port));
        Add("async .NET, 256 KiB", Launch.DotNet("async-receive", "262144", stored), port => Senders.Async(Senders.Text(bench.Bytes), 256, port));
        await both.RunAsync(bench, cancellation);

        Contest NewContest(string title) => new(title, new Metric("connected to delivered", "MiB/s"))
        {
            Timeout = bench.BulkTimeout,
            Goals =
            [
                Goal.AtLeast(0.9, "async .NET"),
                new Goal("receipts cost at most 25 %", r => r.Best(WithReceipts) is { } it ? 100 - 100 / r.Ratio(it, 0) : null, 25, AtMost: true),
                new Goal("receipts of xxh128 cost at most 10 %", r => r.Best(WithQuickReceipts) is { } it ? 100 - 100 / r.Ratio(it, 0) : null, 10, AtMost: true),
            ],
        };

        Launch Generated(int port) => Senders.OursGenerated(bench, bench.Bytes, port);

        void Add(string name, Launch receiver, Func<int, Launch> sender) => both.Add(name, null, async timeout =>
        {
            try
            {
                return [await BothEndsAsync(bench, receiver, sender, timeout)];
            }
            finally
            {
                foreach (var file in Directory.EnumerateFiles(stored))
                    File.Delete(file);
            }
        });
    }

    private static async Task<double> FromSourceAsync(Bench bench, Launch command, CancellationToken timeout)
    {
        await using var receiver = Child.Start(command);
        var port = await receiver.PortAsync(timeout);
        await using var source = Child.Start(Launch.DotNet("source", Senders.Text(port), Senders.Text(bench.Bytes)));
        var sent = await source.HearAsync(@"sent (\d+) in ([\d.]+) s", timeout);
        return bench.MiB / sent.Number(2);
    }

    private static async Task<double> BothEndsAsync(Bench bench, Launch receiving, Func<int, Launch> sending, CancellationToken timeout)
    {
        await using var receiver = Child.Start(receiving);
        await using var sender = Child.Start(sending(await receiver.PortAsync(timeout)));
        var connected = await sender.HearAsync("(^| )connected", timeout);
        var delivered = await sender.HearAsync("delivered|DELIVERED|SENT", timeout);
        await sender.EndAsync(timeout);
        return bench.MiB / Stopwatch.GetElapsedTime(connected.At, delivered.At).TotalSeconds;
    }

    private static Launch WithReceipt(Launch sender) => With(sender, "confirm=receipt");

    private static Launch WithQuickReceipt(Launch sender) => With(WithReceipt(sender), "digest=xxh128");

    private static Launch WithDeliveries(Launch sender) => With(sender, "protocol=deliveries");

    private static Launch With(Launch sender, string setting) => sender with { Arguments = [.. sender.Arguments, "--set", $"actor-sockets.target-defaults.{setting}"] };
}
