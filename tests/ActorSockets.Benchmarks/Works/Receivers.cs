using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>Whoever can listen on a free port of loopback, read to the end, forget it, and close.</summary>
internal static class Receivers
{
    private const int KiB = 1024;

    public static Launch Ours(params IEnumerable<string> options) => Launch.Ours(["serve", "127.0.0.1:0", "--sink", "discard", .. options]);

    public static Launch Async(int bufferBytes) => Launch.DotNet("async-receive", Senders.Text(bufferBytes));

    public static Launch Asyncio() => Launch.Python("asyncio_receive.py");

    public static Launch Kestrel() => Launch.DotNet("kestrel-receive");

    public static IEnumerable<(string Name, Launch Launch)> All() =>
    [
        (Contest.Ours, Ours()),
        ("blocking .NET, 64 KiB", Launch.DotNet("blocking-receive", Senders.Text(64 * KiB))),
        ("blocking .NET, 256 KiB", Launch.DotNet("blocking-receive", Senders.Text(256 * KiB))),
        ("async .NET, 64 KiB", Async(64 * KiB)),
        ("async .NET, 256 KiB", Async(256 * KiB)),
        ("Kestrel connection handler", Kestrel()),
        ("Akka.Streams", Launch.DotNet("streams-receive")),
        ("Akka.IO by default", Launch.DotNet("akka-receive")),
        ("asyncio", Asyncio()),
        ("Python select", Launch.Python("select_receive.py")),
        ("socat", Launch.Tool("socat", "socat", "-u", "TCP-LISTEN:0,bind=127.0.0.1", "-") with { DiscardsOutput = true }),
        ("socat -b 262144", Launch.Tool("socat", "socat", "-u", "-b", "262144", "TCP-LISTEN:0,bind=127.0.0.1", "-") with { DiscardsOutput = true }),
        ("nc", Launch.Tool("nc", "netcat-openbsd", "-d", "-l", "127.0.0.1", "0") with { DiscardsOutput = true }),
        ("ncat", Launch.Tool("ncat", "ncat", "-l", "--recv-only", "127.0.0.1", "0") with { DiscardsOutput = true }),
    ];
}
