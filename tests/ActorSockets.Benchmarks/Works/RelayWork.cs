using System.Diagnostics;
using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// Payloads of 1 KiB through a relay to one and to three targets, all durable: acknowledged when the outbox has them on the disk. Beside
/// it, the same with an outbox in PostgreSQL; a bare SQLite writer that does the same transactions; and rsyslog with a synced disk queue, which acknowledges nothing.
/// </summary>
internal static class RelayWork
{
    private const int Count = 20_000;
    private const int Size = 1024;
    private const int Waiting = 2000;

    // Of unanswered payloads: the relay commits together what is there.
    private const int Window = 1024;
    private const int Together = 100;

    // Of rsyslog, which takes longer for each.
    private const int LineCount = 5_000;

    private const string Bare = "a bare SQLite writer, a hundred payloads a transaction";

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        foreach (var targets in new[] { 1, 3 })
        {
            var contest = new Contest($"relay, payloads of 1 KiB to {targets} target{(targets == 1 ? "" : "s")}, {Count}",
                new Metric("acknowledged", "payloads/s"), new Metric("delivered to all", "payloads/s"), new Metric("peak memory", "MiB"))
            {
                Goals = [Goal.AtLeast(0.5, Bare)],
            };
            contest.Add(Contest.Ours, null, timeout => RelayAsync(bench, targets, null, timeout));
            contest.Add($"{Contest.Ours}, an outbox in PostgreSQL", PrivatePostgres.WhyMissing, timeout => RelayAsync(bench, targets, timeout));
            contest.Add(Bare, null, timeout => WriteAsync(targets, timeout));
            if (targets == 1)
                contest.Add("rsyslog, imtcp, a synced disk queue, omfwd", Launch.Tool("rsyslogd", "rsyslog").Missing(), timeout => SyslogAsync(bench, timeout));
            await contest.RunAsync(bench, cancellation);
        }

        bench.Report.Note("All windows are 1024. What is left is looked for with actorsockets queue, whose start counts in \"delivered to all\". Both flush each transaction (synchronous = FULL); the writer inserts payloads and deliveries, and deletes them, without a network. rsyslog (queue.type = Disk, queue.syncqueuefiles = on) flushes as well, but answers no client; 5,000 lines.");
    }

    private static async Task<double[]> RelayAsync(Bench bench, int targets, CancellationToken timeout)
    {
        await using var server = await PrivatePostgres.StartAsync();
        return await RelayAsync(bench, targets, server, timeout);
    }

    private static async Task<double[]> RelayAsync(Bench bench, int targets, PrivatePostgres? server, CancellationToken timeout)
    {
        // A disk, whatever room there is in memory: flushing is what it is about.
        var directory = Directory.CreateTempSubdirectory("actorsockets-benchmark-outbox-").FullName;
        var receivers = Enumerable.Range(0, targets).Select(_ => Child.Start(Launch.Ours("serve", "127.0.0.1:0", "--sink", "discard", "--protocol", "deliveries", "--quiet", "--set", $"actor-sockets.server-defaults.window={Window}"))).ToArray();
        try
        {
            var ports = new List<int>();
            foreach (var receiver in receivers)
                ports.Add(await receiver.PortAsync(timeout));
            var conf = bench.Configuration("relay", $$"""
                actor-sockets {
                  {{(server is null ? $"outbox.directory = \"{directory}\"" : $"outbox {{ store = postgresql, connection = \"{server.Connection}\", password-file = \"{server.PasswordFile}\" }}")}}
                  servers.in { window = {{Window}}, protocol = deliveries, sink = relay, relay-to = [{{string.Join(", ", ports.Select((_, i) => $"t{i}"))}}] }
                  target-defaults { protocol = deliveries, window = {{Window}} }
                  targets { {{string.Join("\n", ports.Select((port, i) => $"t{i}.port = {port}"))}} }
                }
                """);
            await using var relay = Child.Start(Launch.Ours("run", conf, "--quiet"));
            var port = await relay.PortAsync(timeout);
            await using var sender = Child.Start(Launch.DotNet("library-send", bench.Configuration("relay-sender", $$"""
                akka.loglevel = OFF
                actor-sockets.targets.t { port = {{port}}, protocol = deliveries, window = {{Window}}, max-queued = 100000 }
                """), Senders.Text(Count), Senders.Text(Size), Senders.Text(Waiting)));
            var acknowledged = await sender.HearAsync(@"acknowledged (\d+) in ([\d.]+) s", timeout);
            var clock = Stopwatch.StartNew();
            if (acknowledged.Number(1) != Count)
                throw new InvalidOperationException($"{acknowledged.Number(1)} of {Count} were acknowledged");
            while (await IsWaitingAsync(conf, timeout))
                await Task.Delay(20, timeout);
            return [Count / acknowledged.Number(2), Count / (acknowledged.Number(2) + clock.Elapsed.TotalSeconds), Proc.MemoryKiB(relay.Id, "VmHWM") / 1024.0];
        }
        finally
        {
            foreach (var receiver in receivers)
                await receiver.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<double[]> SyslogAsync(Bench bench, CancellationToken timeout)
    {
        var directory = Directory.CreateTempSubdirectory("actorsockets-benchmark-outbox-").FullName;
        try
        {
            await using var sink = Child.Start(Launch.DotNet("lines-sink", Senders.Text(LineCount * Size)));
            var conf = bench.Configuration("rsyslog", $$"""
                global(workDirectory="{{directory}}")
                module(load="imtcp")
                template(name="line" type="string" string="%rawmsg%\n")
                ruleset(name="relay" queue.type="Disk" queue.filename="queue" queue.syncqueuefiles="on" queue.checkpointinterval="1") {
                  action(type="omfwd" target="127.0.0.1" port="{{await sink.PortAsync(timeout)}}" protocol="tcp" template="line")
                }
                input(type="imtcp" port="0" address="127.0.0.1" listenPortFileName="{{directory}}/port" ruleset="relay")
                """);
            await using var relay = Child.Start(Launch.Tool("rsyslogd", "rsyslog", "-n", "-f", conf, "-i", Path.Combine(directory, "pid")) with { DiscardsTalk = true });
            await using var sender = Child.Start(Launch.DotNet("lines-send", Senders.Text(await relay.PortAsync(timeout)), Senders.Text(LineCount), Senders.Text(Size)));
            var sending = await sender.HearAsync("sending", timeout);
            var received = await sink.HearAsync("received", timeout);
            return [double.NaN, LineCount / Stopwatch.GetElapsedTime(sending.At, received.At).TotalSeconds, Proc.MemoryKiB(relay.Id, "VmHWM") / 1024.0];
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<bool> IsWaitingAsync(string conf, CancellationToken timeout)
    {
        using var queue = Process.Start(new ProcessStartInfo(Places.Program, ["queue", conf, "--json"]) { RedirectStandardOutput = true })!;
        var said = await queue.StandardOutput.ReadToEndAsync(timeout);
        await queue.WaitForExitAsync(timeout);
        return said.Trim().Length > 0;
    }

    private static async Task<double[]> WriteAsync(int targets, CancellationToken timeout)
    {
        var directory = Directory.CreateTempSubdirectory("actorsockets-benchmark-outbox-").FullName;
        try
        {
            await using var writer = Child.Start(Launch.DotNet("sqlite-writer", directory, Senders.Text(Count), Senders.Text(Size), Senders.Text(targets), Senders.Text(Together)));
            var written = await writer.HearAsync(@"written (\d+) in ([\d.]+) s", timeout);
            var (_, peakKiB) = await writer.EndAsync(timeout, watchMemory: true);
            return [written.Number(1) / written.Number(2), written.Number(1) / written.Number(2), peakKiB / 1024.0];
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
