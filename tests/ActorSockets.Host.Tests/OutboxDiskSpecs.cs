using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>A relay whose outbox is on a disk of its own, which is full.</summary>
public sealed class OutboxDiskSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("outbox-disk-specs-").FullName;

    /// <summary>Payloads that are files, and such that are rows: the database itself fills the disk.</summary>
    [Theory]
    [InlineData(500_000, 4)]
    [InlineData(60_000, 128)]
    public async Task A_full_disk_stops_the_senders_until_something_was_delivered_and_loses_nothing(int length, int diskMebibytes)
    {
        if (!CanMount())
            return;

        var (outbox, inbox) = (Directory.CreateDirectory(Path.Combine(_directory, "outbox")).FullName, Directory.CreateDirectory(Path.Combine(_directory, "berlin")).FullName);
        // Nobody listens there before the disk is full.
        var port = FreePort.Next();
        var conf = Path.Combine(_directory, "relay.conf");
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              outbox.directory = "{{outbox}}"
              servers.in { receipt = on, sink = relay, relay-to = [berlin] }
              targets.berlin { port = {{port}}, protocol = deliveries, backoff { min = 20ms, max = 200ms } }
            }
            """);
        await using var relay = HostProcess.StartBelow("unshare", ["-m", "bash", "-c", $"mount -t tmpfs -o size={diskMebibytes}m tmpfs '{outbox}' && exec \"$0\" \"$@\""], "run", conf);
        var relayed = await relay.PortOfAsync("in");
        var full = relay.HearAsync(@"outbox: FULL: .*[Nn]o space left on device");
        var sending = new List<Task<string>>();
        while (!full.IsCompleted)
        {
            sending.Add(SendAsync(relayed, Payload(sending.Count, length)));
            await Task.WhenAny(sending[^1], full);
        }

        await full;
        Assert.Contains(sending, one => !one.IsCompleted);
        // To the last byte: not even what was delivered could be noted.
        await FillAsync(relay.Id, Path.Combine(outbox, "other"));

        await using var berlin = HostProcess.Start("serve", $":{port}", "--protocol", "deliveries", "--sink", inbox, "--quiet");
        foreach (var receipt in await Task.WhenAll(sending).WaitAsync(Patience))
            Assert.StartsWith($"received {length} sha256:", receipt, StringComparison.Ordinal);
        await relay.HearAsync("outbox: has room again");
        using var patience = new CancellationTokenSource(Patience);
        while (new DirectoryInfo(inbox).EnumerateFiles().Count(file => file.Length == length) < sending.Count)
            await Task.Delay(LookInterval, patience.Token);
        Assert.Equal(
            Enumerable.Range(0, sending.Count).Select(i => Convert.ToHexString(Payload(i, length))[..40]).Order(StringComparer.Ordinal),
            Directory.GetFiles(inbox).Select(path => Convert.ToHexString(File.ReadAllBytes(path)) is var bytes && bytes.Length == 2 * length ? bytes[..40] : path).Order(StringComparer.Ordinal));
        await relay.SignalAsync("TERM");
        Assert.Equal(0, await relay.ExitCodeAsync());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static byte[] Payload(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task<string> SendAsync(int port, ReadOnlyMemory<byte> payload)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(payload);
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync();
    }

    /// <summary>Another program writes to the disk as long as there is room, where <paramref name="process"/> sees it.</summary>
    private static async Task FillAsync(int process, string path)
    {
        using var dd = Process.Start(new ProcessStartInfo("nsenter", ["-m", "-t", $"{process}", "dd", "if=/dev/zero", $"of={path}", "bs=4k"]) { RedirectStandardError = true })!;
        Assert.Contains("No space left on device", await dd.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    /// <summary>Only the superuser mounts.</summary>
    private static bool CanMount()
    {
        using var tried = Process.Start(new ProcessStartInfo("unshare", ["-m", "true"]) { RedirectStandardError = true })!;
        tried.WaitForExit();
        return tried.ExitCode == 0;
    }
}
