using System.Diagnostics;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// Bulk data over TLS: a file to a sink, a source into <c>discard</c>, and both ends ours. Sink and source are SslStreams in a
/// process of their own. Certificates are ECDSA, made by <c>init --tls</c>.
/// </summary>
internal static class TlsWork
{
    private const int KiB = 1024;

    public static async Task RunAsync(Bench bench, CancellationToken cancellation)
    {
        var directory = Path.Combine(bench.Scratch, "pki");
        await MakeCertificatesAsync(directory, cancellation);
        string Pki(string name) => Path.Combine(directory, name);
        var file = bench.Payload(bench.Bytes);

        var send = NewContest($"TLS, send, a file, {bench.Size}", "at the sink", "openssl", "socat");
        AddSender(Contest.Ours, port => OursFile(file, port));
        AddSender("async SslStream, 64 KiB", port => Async(file, 64, port));
        AddSender("async SslStream, 256 KiB", port => Async(file, 256, port));
        AddSender("openssl s_client", port => SClient(port) with { Input = file });
        AddSender("socat -b 65536", port => Launch.Tool("socat", "socat", "-u", "-b", "65536", "-", $"OPENSSL:localhost:{port},cafile={Pki("ca.crt")}") with { Input = file });
        await send.RunAsync(bench, cancellation);

        var receive = NewContest($"TLS, receive and discard, {bench.Size}", "at the source", "openssl", "socat");
        AddReceiver(Contest.Ours, Ours());
        AddReceiver("async SslStream, 64 KiB", AsyncReceiver(64));
        AddReceiver("async SslStream, 256 KiB", AsyncReceiver(256));
        // It ends at the end of its standard input: a FIFO that it holds open itself has none.
        AddReceiver("openssl s_server", Launch.Tool("openssl", "openssl") with
        {
            Program = "bash",
            Arguments =
            [
                "-c", "[ -p \"$1\" ] || mkfifo \"$1\"; exec openssl s_server -accept 127.0.0.1:0 -cert \"$2\" -key \"$3\" -quiet -naccept 1 0<> \"$1\"",
                "bash", Path.Combine(bench.Scratch, "silence"), Pki("server.crt"), Pki("server.key"),
            ],
            DiscardsOutput = true,
        });
        AddReceiver("socat -b 65536", SocatReceiver() with { DiscardsOutput = true });
        await receive.RunAsync(bench, cancellation);

        var both = NewContest($"TLS, both ends, {bench.Size}", "connected to delivered");
        AddBoth(Contest.Ours, Ours(), port => OursGenerated(port));
        AddBoth("async SslStream, 64 KiB", AsyncReceiver(64), port => Async(Senders.Text(bench.Bytes), 64, port));
        AddBoth("async SslStream, 256 KiB", AsyncReceiver(256), port => Async(Senders.Text(bench.Bytes), 256, port));
        await both.RunAsync(bench, cancellation);

        Contest NewContest(string title, string where, params IEnumerable<string> behind) => new(title, new Metric(where, "MiB/s"))
        {
            Timeout = bench.BulkTimeout,
            Goals = [Goal.AtLeast(0.9, "async SslStream"), .. behind.Select(peer => Goal.AtLeast(1, peer))],
        };

        Launch Ours() => Receivers.Ours("--tls", "--cert", Pki("server.crt"), "--key", Pki("server.key"));

        Launch OursFile(string path, int port) => Launch.Ours("send", path, "--to", $"localhost:{port}", "--tls", "--ca", Pki("ca.crt"));

        Launch OursGenerated(int port) => Launch.Ours("run", bench.Configuration("tls", $$"""
            actor-sockets {
              exit-when-delivered = on
              targets.t { host = localhost, port = {{port}}, payload.generated.size = {{bench.Bytes}}, tls { enabled = on, ca = "{{Pki("ca.crt")}}" } }
            }
            """));

        Launch SClient(int port) => Launch.Tool("openssl", "openssl", "s_client", "-connect", $"localhost:{port}", "-CAfile", Pki("ca.crt"),
            "-verify_return_error", "-quiet", "-no_ign_eof", "-nocommands");

        Launch SocatReceiver() => Launch.Tool("socat", "socat", "-u", "-b", "65536",
            $"OPENSSL-LISTEN:0,bind=127.0.0.1,cert={Pki("server.crt")},key={Pki("server.key")},verify=0", "-");

        Launch Async(string payload, int bufferKiB, int port) => Launch.DotNet("ssl-send", directory, payload, Senders.Text(bufferKiB * KiB), Senders.Text(port));

        Launch AsyncReceiver(int bufferKiB) => Launch.DotNet("ssl-receive", directory, Senders.Text(bufferKiB * KiB));

        void AddSender(string name, Func<int, Launch> command) => send.Add(name, command(0).Missing(), async timeout =>
        {
            await using var sink = Child.Start(Launch.DotNet("ssl-sink", directory));
            await using var sender = Child.Start(command(await sink.PortAsync(timeout)));
            var received = await sink.HearAsync(@"received (\d+) in ([\d.]+) s", timeout);
            await sender.EndAsync(timeout);
            return received.Number(1) == bench.Bytes
                ? [bench.MiB / received.Number(2)]
                : throw new InvalidOperationException($"the sink got {received.Number(1)} B");
        });

        void AddReceiver(string name, Launch command) => receive.Add(name, command.Missing(), async timeout =>
        {
            await using var receiver = Child.Start(command);
            var port = await receiver.PortAsync(timeout);
            await using var source = Child.Start(Launch.DotNet("ssl-source", directory, Senders.Text(port), Senders.Text(bench.Bytes)));
            return [bench.MiB / (await source.HearAsync(@"sent (\d+) in ([\d.]+) s", timeout)).Number(2)];
        });

        void AddBoth(string name, Launch receiving, Func<int, Launch> sending) => both.Add(name, null, async timeout =>
        {
            await using var receiver = Child.Start(receiving);
            await using var sender = Child.Start(sending(await receiver.PortAsync(timeout)));
            var connected = await sender.HearAsync("(^| )connected", timeout);
            var delivered = await sender.HearAsync("delivered|DELIVERED|SENT", timeout);
            await sender.EndAsync(timeout);
            return [bench.MiB / Stopwatch.GetElapsedTime(connected.At, delivered.At).TotalSeconds];
        });
    }

    /// <summary>Once for a run of the program.</summary>
    public static async Task MakeCertificatesAsync(string directory, CancellationToken cancellation)
    {
        if (Directory.Exists(directory))
            return;
        await using var init = Child.Start(Launch.Ours("init", "--tls", directory));
        await init.EndAsync(cancellation);
    }
}
