using System.Diagnostics;
using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// The deliveries protocol: many small payloads to one target, forgotten and stored; a file to one and to three servers beside rsync; and
/// a file that broke off and is resumed.
/// </summary>
internal static class DeliveriesWork
{
    private const int Size = 1024;
    private const int Window = 64;
    private const int Waiting = 1000;
    private const int DiskThreads = 32;

    // As much of the file has arrived when its sender is killed.
    private const double Broken = 0.9;

    private static readonly Metric Rate = new("acknowledged", "payloads/s");

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var inbox = Directory.CreateDirectory(Path.Combine(bench.Scratch, "inbox")).FullName;
        await ManyAsync(bench, cancellation);
        await DurableAsync(bench, cancellation);
        foreach (var count in new[] { 1, 3 })
            await FileAsync(bench, count, cancellation);
        await ResumeAsync(bench, inbox, cancellation);
    }

    private static async Task ManyAsync(Bench bench, CancellationToken cancellation)
    {
        const int Many = 100_000, Fewer = 10_000;
        const string Each = "async .NET, a connection each";
        const string Prefixed = "lengths and acknowledgements on one connection";
        var contest = new Contest("deliveries, many payloads of 1 KiB to one target", Rate)
        {
            Goals = [Goal.AtLeast(20, "ours, raw"), Goal.AtLeast(1, Each), Goal.AtLeast(0.5, Prefixed)],
        };
        var discard = Launch.Ours("serve", "127.0.0.1:0", "--sink", "discard", "--quiet");
        Add(Contest.Ours, Many, discard with { Arguments = [.. discard.Arguments, "--protocol", "deliveries"] }, port => Library(bench, port, "deliveries", Many));
        Add("ours, raw", Fewer, discard, port => Library(bench, port, "raw", Fewer));
        Add(Each, Fewer, Receivers.Async(4 * 1024), port => Launch.DotNet("each-send", Senders.Text(port), Senders.Text(Fewer), Senders.Text(Size)));
        Add(Prefixed, Many, Launch.DotNet("prefixed-receive"), port => Launch.DotNet("prefixed-send", Senders.Text(port), Senders.Text(Many), Senders.Text(Size), Senders.Text(Window)));
        await contest.RunAsync(bench, cancellation);

        void Add(string name, int count, Launch receiving, Func<int, Launch> sending) => contest.Add(name, null, async timeout =>
        {
            await using var receiver = Child.Start(receiving);
            return [await AcknowledgedAsync(sending(await receiver.PortAsync(timeout)), count, timeout)];
        });
    }

    private static async Task DurableAsync(Bench bench, CancellationToken cancellation)
    {
        // A disk, whatever room there is in memory: flushing is what it is about.
        var inbox = Directory.CreateTempSubdirectory("actorsockets-benchmark-inbox-").FullName;
        const int Count = 10_000;
        const string Loop = "a loop that writes, flushes and renames";
        var contest = new Contest($"deliveries, payloads of 1 KiB stored, {Count}", Rate) { Goals = [Goal.AtLeast(0.5, Loop)] };
        contest.Add(Contest.Ours, null, async timeout =>
        {
            await using var receiver = Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", inbox, "--protocol", "deliveries", "--quiet"));
            return [await EmptiedAsync(inbox, async () => await AcknowledgedAsync(Library(bench, await receiver.PortAsync(timeout), "deliveries", Count), Count, timeout))];
        });
        contest.Add(Loop, null, async timeout =>
            [await EmptiedAsync(inbox, () => AcknowledgedAsync(Launch.DotNet("durable-loop", inbox, Senders.Text(Count), Senders.Text(Size), Senders.Text(DiskThreads)), Count, timeout))]);
        await contest.RunAsync(bench, cancellation);
        bench.Report.Note($"Stored on {new DriveInfo(inbox).DriveFormat}, both with {DiskThreads} threads.");
        Directory.Delete(inbox, recursive: true);
    }

    private static async Task FileAsync(Bench bench, int count, CancellationToken cancellation)
    {
        var file = bench.Payload(bench.Bytes);
        var inboxes = Enumerable.Range(0, count).Select(i => Directory.CreateDirectory(Path.Combine(bench.Scratch, $"inbox-{i}")).FullName).ToArray();
        var contest = new Contest($"deliveries, a file of {bench.Size} stored by {count} server{(count == 1 ? "" : "s")}", new Metric("to each, whole process", "MiB/s"))
        {
            Timeout = bench.BulkTimeout * count,
            Goals = [Goal.AtLeast(1.5, "rsync")],
        };
        contest.Add(Contest.Ours, null, timeout => RunAsync(
            (i, _) => Launch.Ours("serve", "127.0.0.1:0", "--sink", inboxes[i], "--protocol", "deliveries", "--quiet"),
            ports => [Launch.Ours(["send", file, "--protocol", "deliveries", "--quiet", .. ports.SelectMany(port => new[] { "--to", Senders.To(port) })])], timeout));
        contest.Add("rsync", Launch.Tool("rsync", "rsync").Missing(), timeout => RunAsync(
            (i, port) => Launch.Tool("rsync", "rsync", "--daemon", "--no-detach", $"--port={port}", "--address=127.0.0.1", $"--config={RsyncConfiguration(bench, i, inboxes[i])}"),
            ports => ports.Select(port => Launch.Tool("rsync", "rsync", "--whole-file", "--no-compress", "--fsync", file, $"rsync://127.0.0.1:{port}/inbox/")), timeout));
        await contest.RunAsync(bench, cancellation);

        async Task<double[]> RunAsync(Func<int, int, Launch> receiving, Func<int[], IEnumerable<Launch>> sending, CancellationToken timeout)
        {
            var receivers = Enumerable.Range(0, count).Select(i => Child.Start(receiving(i, FreePort.Next()))).ToArray();
            try
            {
                var ports = new List<int>();
                foreach (var receiver in receivers)
                    ports.Add(await receiver.PortAsync(timeout));
                var clock = Stopwatch.StartNew();
                var senders = sending([.. ports]).Select(Child.Start).ToArray();
                foreach (var sender in senders)
                    await sender.EndAsync(timeout);
                var speed = bench.MiB / clock.Elapsed.TotalSeconds;
                foreach (var sender in senders)
                    await sender.DisposeAsync();
                return [speed];
            }
            finally
            {
                foreach (var receiver in receivers)
                    await receiver.DisposeAsync();
                foreach (var inbox in inboxes)
                    Empty(inbox);
            }
        }
    }

    private static async Task ResumeAsync(Bench bench, string inbox, CancellationToken cancellation)
    {
        const string Parts = "reading and hashing what was there, and sending the rest";
        var file = bench.Payload(bench.Bytes);
        var rest = bench.Payload((long)(bench.Bytes * (1 - Broken)));
        var contest = new Contest($"deliveries, a file of {bench.Size} resumed after {Broken:P0}", new Metric("until it is delivered", "s", 2))
        {
            Timeout = bench.BulkTimeout * 2,
            Goals = [Goal.NoMoreThan(2, Parts)],
        };
        contest.Add(Contest.Ours, null, timeout => EmptiedAsync(inbox, async () =>
        {
            await using var receiver = Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", inbox, "--protocol", "deliveries", "--quiet"));
            var port = await receiver.PortAsync(timeout);
            await using (var broken = Child.Start(Send(file, port)))
            {
                while (!Partials(inbox).Any(length => length >= bench.Bytes * Broken))
                    await Task.Delay(1, timeout);
            }

            var clock = Stopwatch.StartNew();
            await using var sender = Child.Start(Send(file, port));
            await sender.EndAsync(timeout);
            return new[] { clock.Elapsed.TotalSeconds };
        }));
        contest.Add(Parts, null, timeout => EmptiedAsync(inbox, async () =>
        {
            await using var receiver = Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", inbox, "--protocol", "deliveries", "--quiet"));
            var port = await receiver.PortAsync(timeout);
            var clock = Stopwatch.StartNew();
            await using var hashing = Child.Start(Launch.DotNet("hash", file, Senders.Text((long)(bench.Bytes * Broken))));
            await hashing.EndAsync(timeout);
            await using var sender = Child.Start(Send(rest, port));
            await sender.EndAsync(timeout);
            return new[] { clock.Elapsed.TotalSeconds };
        }));
        await contest.RunAsync(bench, cancellation);

        static Launch Send(string file, int port) => Launch.Ours("send", file, "--to", Senders.To(port), "--protocol", "deliveries", "--id", Path.GetFileName(file), "--quiet");
    }

    private static IEnumerable<long> Partials(string inbox)
    {
        var directory = new DirectoryInfo(Path.Combine(inbox, ".actorsockets", "partial"));
        return directory.Exists ? directory.EnumerateFiles().Select(file => file.Exists ? file.Length : 0) : [];
    }

    private static Launch Library(Bench bench, int port, string protocol, int count) => Launch.DotNet("library-send", bench.Configuration("library", $$"""
        akka.loglevel = OFF
        actor-sockets.targets.t { port = {{port}}, protocol = {{protocol}}, window = {{Window}}, max-queued = 100000 }
        """), Senders.Text(count), Senders.Text(Size), Senders.Text(Waiting));

    private static string RsyncConfiguration(Bench bench, int number, string inbox) => bench.Configuration($"rsync-{number}", $"""
        use chroot = no
        uid = 0
        [inbox]
        path = {inbox}
        read only = no
        """);

    private static async Task<double> AcknowledgedAsync(Launch sending, int count, CancellationToken timeout)
    {
        await using var sender = Child.Start(sending);
        var acknowledged = await sender.HearAsync(@"acknowledged (\d+) in ([\d.]+) s", timeout);
        await sender.EndAsync(timeout);
        return acknowledged.Number(1) == count ? count / acknowledged.Number(2) : throw new InvalidOperationException($"{acknowledged.Number(1)} of {count} were acknowledged");
    }

    private static async Task<T> EmptiedAsync<T>(string directory, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        finally
        {
            Empty(directory);
        }
    }

    private static void Empty(string directory)
    {
        Directory.Delete(directory, recursive: true);
        Directory.CreateDirectory(directory);
    }
}
