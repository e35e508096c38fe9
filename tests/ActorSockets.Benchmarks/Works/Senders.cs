using System.Globalization;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>Whoever can send a payload to a port of loopback and end.</summary>
internal static class Senders
{
    private const int KiB = 1024;

    public static Launch OursGenerated(Bench bench, long bytes, int port) => Launch.Ours("run", bench.Configuration("send", $$"""
        actor-sockets {
          exit-when-delivered = on
          targets.t { port = {{port}}, payload.generated.size = {{bytes}} }
        }
        """));

    public static Launch OursFile(string file, int port) => Launch.Ours("send", file, "--to", To(port));

    public static Launch Async(string payload, int bufferKiB, int port) =>
        Launch.DotNet("async-send", payload, Text(bufferKiB * KiB), Text(port));

    public static Launch Asyncio(string payload, int port) => Launch.Python("asyncio_send.py", payload, Text(port));

    public static Launch Nc(string file, int port) => Launch.Tool("nc", "netcat-openbsd", "-N", "127.0.0.1", Text(port)) with { Input = file };

    public static Launch Ncat(string file, int port) => Launch.Tool("ncat", "ncat", "--send-only", "127.0.0.1", Text(port)) with { Input = file };

    /// <summary>Those that take a file as well as made up bytes.</summary>
    public static IEnumerable<(string Name, Func<int, Launch> Launch)> Programmed(string payload) =>
    [
        ("blocking .NET, 64 KiB", port => Launch.DotNet("blocking-send", payload, Text(64 * KiB), Text(port))),
        ("blocking .NET, 256 KiB", port => Launch.DotNet("blocking-send", payload, Text(256 * KiB), Text(port))),
        ("async .NET, 64 KiB", port => Async(payload, 64, port)),
        ("async .NET, 256 KiB", port => Async(payload, 256, port)),
        ("Akka.Streams", port => Launch.DotNet("streams-send", payload, Text(port))),
        ("Akka.IO by default", port => Launch.DotNet("akka-send", payload, Text(port))),
        ("asyncio", port => Asyncio(payload, port)),
        ("Python select", port => Launch.Python("select_send.py", payload, Text(port))),
    ];

    public static IEnumerable<(string Name, Func<int, Launch> Launch)> Tools(string file) =>
    [
        ("socat", port => Launch.Tool("socat", "socat", "-u", "-", $"TCP:127.0.0.1:{port}") with { Input = file }),
        ("socat -b 262144", port => Launch.Tool("socat", "socat", "-u", "-b", "262144", "-", $"TCP:127.0.0.1:{port}") with { Input = file }),
        ("nc", port => Nc(file, port)),
        ("ncat", port => Ncat(file, port)),
    ];

    public static string To(int port) => $"127.0.0.1:{port}";

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
