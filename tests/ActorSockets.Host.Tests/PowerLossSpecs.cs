using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Outbox;
using ActorSockets.Storage;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>
/// What a relay acknowledged survives a power cut, by simulation: strace(1) records what the built program writes, flushes and answers;
/// before each flush ends, a disk is made that has lost any part of what was not flushed; and the outbox on it is opened.
/// </summary>
public sealed partial class PowerLossSpecs : IDisposable
{
    private const int DisksPerFlush = 3;

    private static readonly OutboxLimits Roomy = new(1L << 40, 1_000_000, 1L << 40, 1_000_000);

    private readonly string _directory = Directory.CreateTempSubdirectory("power-loss-specs-").FullName;
    private readonly Socket _dead = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Dictionary<string, byte[]> _sent = new(StringComparer.Ordinal);

    private string Root => Path.Combine(_directory, "root");

    [Fact]
    public async Task What_was_acknowledged_is_there_whole_or_delivered_whatever_a_power_cut_takes_of_what_was_not_flushed()
    {
        if (!SystemCalls.CanTrace())
            return;

        _dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Directory.CreateDirectory(Root);
        await using var berlin = HostProcess.Start("serve", ":0", "--protocol", "deliveries", "--sink", "discard");
        var conf = Path.Combine(_directory, "relay.conf");
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              outbox.directory = "{{Root}}/outbox"
              server-defaults { protocol = deliveries, sink = relay }
              servers { both.relay-to = [berlin, oslo], one.relay-to = [berlin] }
              target-defaults.protocol = deliveries
              targets { berlin.port = {{await berlin.PortOfAsync("server-1")}}, oslo.port = {{((IPEndPoint)_dead.LocalEndPoint!).Port}} }
            }
            """);
        // Files and rows, one after another; then, after a restart, so much that the log is moved into the database meanwhile.
        var calls = await TraceAsync(conf, "first", after: 0, 0, 10, 1_000, 60_000, 70_000, 200_000);
        calls = [.. calls, .. await TraceAsync(conf, "second", after: calls.Max(call => call.End), [.. Enumerable.Repeat(64_000, 64)])];

        var (disk, seed, disks) = (new LossyDisk(Root), Environment.TickCount, 0);
        var random = new Random(seed);
        var (acknowledged, delivered) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var call in calls)
        {
            if (call.Name is "fsync" or "fdatasync")
            {
                for (var i = 0; i < DisksPerFlush; i++)
                {
                    // None of it, and then more or less of it.
                    var kept = i == 0 ? 0 : random.NextDouble();
                    await AssertNothingIsLostAsync(disk, () => random.NextDouble() < kept, acknowledged, delivered, $"seed {seed}, disk {disks++}, before {call.Name} of {call.File}");
                }
            }

            disk.Apply(call);
            if (Answer().Match(call.Text) is { Success: true } answer)
                (call.Name.StartsWith("send", StringComparison.Ordinal) ? acknowledged : delivered).UnionWith(Received().Matches(call.Text).Select(match => match.Groups[1].Value));
        }

        Assert.True(acknowledged.SetEquals(_sent.Keys), $"{acknowledged.Count} of {_sent.Count}");
        Assert.NotEmpty(delivered);
    }

    public void Dispose()
    {
        _dead.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Runs a relay, sends payloads of these lengths to both servers, and stops it.</summary>
    private async Task<IReadOnlyList<SystemCall>> TraceAsync(string conf, string name, int after, params int[] lengths)
    {
        var trace = Path.Combine(_directory, name);
        await using var relay = HostProcess.StartBelow("strace",
            ["-f", "-y", "-qq", "--seccomp-bpf", "-s", "1000000", "-e", "signal=none", "-e", "trace=openat,mkdir,unlink,pwrite64,ftruncate,fsync,fdatasync,sendto,sendmsg,recvfrom,recvmsg,rename", "-o", trace],
            "run", conf);
        foreach (var server in (string[])["both", "one"])
        {
            using var client = await DeliveryClient.ConnectAsync(await relay.PortOfAsync(server));
            foreach (var (i, length) in lengths.Index())
            {
                var id = $"{server}-{name}-{i}";
                _sent[id] = DeliveryClient.Payload(length, seed: i);
                await client.DeliverAsync(id, _sent[id]);
            }

            foreach (var _ in lengths)
                Assert.StartsWith("received ", await client.HearAsync(), StringComparison.Ordinal);
        }

        await HostProcess.SignalAsync(await relay.ChildAsync(), "TERM");
        Assert.Equal(0, await relay.ExitCodeAsync());
        return [.. SystemCalls.Read(trace, call => call.Contains(Root, StringComparison.Ordinal) || Answer().IsMatch(call), after).OrderBy(LossyDisk.When)];
    }

    private async Task AssertNothingIsLostAsync(LossyDisk disk, Func<bool> keeps, HashSet<string> acknowledged, HashSet<string> delivered, string what)
    {
        var copy = Path.Combine(_directory, "copy");
        disk.Restore(copy, keeps);
        try
        {
            await using var store = SqliteStore.Open(Path.Combine(copy, "outbox"));
            var outbox = store.OpenOutbox(Roomy);
            Assert.Empty(outbox.Damages);
            Assert.Equal("ok", await store.ReadAsync(session => session.Text("pragma integrity_check")));
            var (berlin, oslo) = (await ReadAsync(outbox, "berlin"), await ReadAsync(outbox, "oslo"));
            foreach (var id in acknowledged)
            {
                Assert.True(berlin.Contains(id) || delivered.Contains(id), $"{id} for berlin is lost");
                Assert.True(oslo.Contains(id) || id.StartsWith("one", StringComparison.Ordinal), $"{id} for oslo is lost");
                Assert.NotNull(await store.Ledger.FindAsync(new DeliveryKey($"{id.Split('-')[0]}/", id)));
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(what, e);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>The ids of a line, each with a whole payload.</summary>
    private async Task<HashSet<string>> ReadAsync(IOutbox outbox, string target)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var delivery in await outbox.NextAsync(target, after: 0, most: int.MaxValue, mostBytes: long.MaxValue))
        {
            await using var payload = await delivery.Payload.OpenAsync();
            var bytes = new byte[payload.Length];
            await payload.ReadExactlyAsync(bytes);
            Assert.True(bytes.AsSpan().SequenceEqual(_sent[delivery.Id]), $"{delivery.Id} is not what was sent");
            Assert.True(ids.Add(delivery.Id));
        }

        return ids;
    }

    [GeneratedRegex(@"^(send|recv)(to|from|msg)\(.*""(received|.*\\nreceived) ")]
    private static partial Regex Answer();

    [GeneratedRegex(@"(?<=""|\\n)received (\S+) ")]
    private static partial Regex Received();
}
