using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>
/// The order in which the built program writes, as strace(1) sees its system calls: payload flushed, row committed and flushed, sender
/// answered; row deleted and flushed, file deleted.
/// </summary>
public sealed partial class WritingOrderSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("writing-order-specs-").FullName;

    private string Trace => Path.Combine(_directory, "trace");

    [Theory]
    [InlineData(300_000)]
    [InlineData(1_000)]
    public async Task A_payload_is_on_the_disk_before_its_row_its_row_before_the_answer_and_the_file_goes_after_the_row(int length)
    {
        if (!SystemCalls.CanTrace())
            return;

        var payload = Path.Combine(_directory, "payload");
        await File.WriteAllBytesAsync(payload, new byte[length]);
        var inbox = Directory.CreateDirectory(Path.Combine(_directory, "berlin")).FullName;
        await using var berlin = HostProcess.Start("serve", ":0", "--protocol", "deliveries", "--sink", inbox);
        var conf = Path.Combine(_directory, "relay.conf");
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              outbox.directory = "{{_directory}}/outbox"
              servers.in { protocol = deliveries, sink = relay, relay-to = [berlin] }
              targets.berlin { port = {{await berlin.PortOfAsync("server-1")}}, protocol = deliveries }
            }
            """);
        await using var relay = HostProcess.StartBelow("strace",
            ["-f", "-y", "-qq", "-s", "16", "-e", "signal=none", "-e", "trace=pwrite64,pwritev,write,fsync,fdatasync,sendto,sendmsg,unlink,unlinkat", "-o", Trace], "run", conf);
        var (exitCode, said) = await HostProcess.RunAsync("send", payload, "--to", $":{await relay.PortOfAsync("in")}", "--protocol", "deliveries", "--id", "x", "--quiet");
        Assert.True(exitCode == 0, said);
        await relay.HearAsync("target berlin: DELIVERED");
        await HostProcess.SignalAsync(await relay.ChildAsync(), "TERM");
        Assert.Equal(0, await relay.ExitCodeAsync());

        var calls = Calls(await File.ReadAllLinesAsync(Trace));
        var answered = calls.FindIndex(call => Answer().IsMatch(call));
        Assert.True(answered > 0, string.Join('\n', calls));
        AssertCommitted(calls, before: answered, out var committed);
        if (length < 64 * 1024)
            return;

        var written = calls.FindLastIndex(call => PayloadWrite().IsMatch(call));
        var flushed = calls.FindIndex(call => PayloadFlush().IsMatch(call));
        var named = calls.FindIndex(call => DirectoryFlush().IsMatch(call));
        Assert.True(written >= 0 && written < flushed && flushed < named && named < committed, $"{written} {flushed} {named} {committed}\n{string.Join('\n', calls)}");

        var deleted = calls.FindIndex(call => Deletion().IsMatch(call));
        Assert.True(deleted > answered, string.Join('\n', calls));
        AssertCommitted(calls, before: deleted, out var forgotten);
        Assert.True(forgotten > answered);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Nothing of the database's log was written and not flushed.</summary>
    private static void AssertCommitted(List<string> calls, int before, out int lastWrite)
    {
        lastWrite = calls.FindLastIndex(before - 1, call => LogWrite().IsMatch(call));
        var lastFlush = calls.FindLastIndex(before - 1, call => LogFlush().IsMatch(call));
        Assert.True(lastWrite >= 0 && lastWrite < lastFlush, $"{lastWrite} {lastFlush} {before}\n{string.Join('\n', calls)}");
    }

    /// <summary>Flushes in the order in which they ended, all else in the order in which it began.</summary>
    private static List<string> Calls(IEnumerable<string> trace)
    {
        var unfinished = new Dictionary<string, string>(StringComparer.Ordinal);
        var calls = new List<string>();
        foreach (var line in trace)
        {
            var (thread, call) = (line.Split(' ')[0], line[line.IndexOf(' ', StringComparison.Ordinal)..].TrimStart());
            if (call.StartsWith("<...", StringComparison.Ordinal))
            {
                if (unfinished.Remove(thread, out var began) && Flush().IsMatch(began))
                    calls.Add(began);
            }
            else
            {
                var isUnfinished = call.Contains("<unfinished", StringComparison.Ordinal);
                if (isUnfinished)
                    unfinished[thread] = call;
                if (!isUnfinished || !Flush().IsMatch(call))
                    calls.Add(call);
            }
        }

        return calls;
    }

    [GeneratedRegex(@"^send(to|msg)\(.*received x ")]
    private static partial Regex Answer();

    [GeneratedRegex(@"^pwrite(64|v)\(\d+<[^>]*/outbox/payloads/")]
    private static partial Regex PayloadWrite();

    [GeneratedRegex(@"^f(data)?sync\(\d+<[^>]*/outbox/payloads/")]
    private static partial Regex PayloadFlush();

    [GeneratedRegex(@"^f(data)?sync\(\d+<[^>]*/outbox/payloads>")]
    private static partial Regex DirectoryFlush();

    [GeneratedRegex(@"^pwrite(64|v)\(\d+<[^>]*/outbox/store\.db-wal>")]
    private static partial Regex LogWrite();

    [GeneratedRegex(@"^f(data)?sync\(\d+<[^>]*/outbox/store\.db-wal>")]
    private static partial Regex LogFlush();

    [GeneratedRegex(@"^unlink(at)?\(.*/outbox/payloads/")]
    private static partial Regex Deletion();

    [GeneratedRegex(@"^f(data)?sync\(")]
    private static partial Regex Flush();
}
