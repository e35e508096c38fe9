using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// Many TLS clients at a server: what an idle connection costs, and what clients that flood the port with handshakes do to a plain
/// target and to the ticker of the same process.
/// </summary>
internal static class TlsCrowdWork
{
    private const int Idle = 2_000;
    private const int Flooding = 4;
    private const int Mute = 10_000;
    private const string Elsewhere = "the flood at another process";

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var directory = Path.Combine(bench.Scratch, "pki");
        await TlsWork.MakeCertificatesAsync(directory, cancellation);
        var (certificate, key) = (Path.Combine(directory, "server.crt"), Path.Combine(directory, "server.key"));

        var idle = new Contest($"TLS, {Idle} idle connections at a server", new Metric("memory for each", "KiB", 1), new Metric("until all are open", "s", 2))
        {
            WarmsUp = false,
            Goals = [Goal.Below("at most 50 KiB each", 50)],
        };
        idle.Add(Contest.Ours, null, timeout => HoldAsync(
            Receivers.Ours("--tls", "--cert", certificate, "--key", key, "--set", "actor-sockets.server-defaults.max-connections=20000"), timeout));
        idle.Add("async SslStream, 4 KiB", null, timeout => HoldAsync(Launch.DotNet("ssl-receive", directory, "4096"), timeout));
        await idle.RunAsync(bench, cancellation);

        var flood = new Contest(
            $"TLS, {Flooding} clients shake hands without pause and {Mute} never do; beside them {bench.Size} to a plain target, and 10 ms ticks",
            new Metric("at the sink", "MiB/s"), new Metric("lateness, p50", "ms", 1), new Metric("lateness, p99", "ms", 1))
        {
            Timeout = bench.BulkTimeout,
            Goals = [Goal.AtLeast(0.95, Elsewhere), Goal.Below("p99 of at most 15 ms", 15, metric: 2)],
        };
        flood.Add(Contest.Ours, null, timeout => FloodAsync(own: true, timeout));
        flood.Add(Elsewhere, null, timeout => FloodAsync(own: false, timeout));
        await flood.RunAsync(bench, cancellation);

        async Task<double[]> HoldAsync(Launch command, CancellationToken timeout)
        {
            await using var server = Child.Start(command with { ManyHandles = true, DiscardsTalk = true });
            var port = await server.PortAsync(timeout);
            // The first one makes what all of them share.
            await using (var first = Child.Start(Launch.DotNet("ssl-hold", directory, Senders.Text(port), "1")))
                await first.HearAsync("open 1 in ([\\d.]+) s", timeout);
            await Task.Delay(Settling, timeout);
            var before = Proc.MemoryKiB(server.Id, "VmRSS");
            await using var clients = Child.Start(Launch.DotNet("ssl-hold", directory, Senders.Text(port), Senders.Text(Idle)) with { ManyHandles = true });
            var open = await clients.HearAsync(@"open (\d+) in ([\d.]+) s", timeout);
            await Task.Delay(Settling, timeout);
            return [(Proc.MemoryKiB(server.Id, "VmRSS") - before) / (double)Idle, open.Number(2)];
        }

        async Task<double[]> FloodAsync(bool own, CancellationToken timeout)
        {
            await using var sink = Child.Start(Launch.DotNet("sink", "1"));
            await using var elsewhere = Child.Start(Launch.DotNet("ssl-receive", directory, "4096") with { ManyHandles = true });
            var tlsPort = FreePort.Next();
            await using var clients = Child.Start(Launch.DotNet(
                "ssl-flood", directory, Senders.Text(own ? tlsPort : await elsewhere.PortAsync(timeout)), Senders.Text(Flooding), Senders.Text(Mute)) with
            { ManyHandles = true });
            await using var ours = Child.Start(Launch.Ours("run", bench.Configuration("flood", $$"""
                actor-sockets {
                  ticker { enabled = on, interval = 10ms }
                  shutdown.drain-timeout = 0s
                  report.timestamps = off
                  servers.s { port = {{tlsPort}}, sink = discard, tls { certificate = "{{certificate}}", key = "{{key}}" } }
                  targets.t { port = {{await sink.PortAsync(timeout)}}, payload.generated.size = {{bench.Bytes}} }
                }
                """)) with { ManyHandles = true });
            var received = await sink.HearAsync(@"received (\d+) in ([\d.]+) s", timeout);
            await ours.SignalAsync("TERM");
            var late = await ours.HearAsync(@"ticker: .* p50 ([\d.]+) ms, p99 ([\d.]+) ms", timeout);
            return received.Number(1) == bench.Bytes
                ? [bench.MiB / received.Number(2), late.Number(1), late.Number(2)]
                : throw new InvalidOperationException($"the sink got {received.Number(1)} B");
        }
    }
}
