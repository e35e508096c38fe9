using System.CommandLine;
using System.Globalization;
using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Benchmarks.Works;

namespace ActorSockets.Benchmarks;

/// <summary><c>all|send|receive|…</c>: which work is done, by whom, how often and on how much.</summary>
internal static class CommandLine
{
    private const int Failed = 1;
    private const int Interrupted = 130;

    // Whether it has a bulk payload, whose size can be chosen.
    private static readonly (string Name, string Description, bool IsBulk, Func<Bench, CancellationToken, Task> RunAsync)[] Works =
    [
        ("send", "bulk send to a plain sink", true, SendWork.RunAsync),
        ("receive", "bulk receive and discard; both ends ours", true, ReceiveWork.RunAsync),
        ("deliveries", "the deliveries protocol: many small payloads, a file beside rsync, a file resumed", true, DeliveriesWork.RunAsync),
        ("tls", "bulk send and receive over TLS; both ends ours", true, TlsWork.RunAsync),
        ("tls-crowd", "2,000 idle TLS connections at a server; a flood of handshakes beside a plain target and the ticker", true, TlsCrowdWork.RunAsync),
        ("relay", "small payloads through a relay to 1 and 3 targets, beside a bare SQLite writer", false, RelayWork.RunAsync),
        ("relay-bulk", "one large payload through a relay, beside a file sink; a single small one, beside two flushes", true, RelayBulkWork.RunAsync),
        ("backlog", "a relay beside 50 dead targets with 100,000 waiting for each; its start with 1,000,000 waiting", false, BacklogWork.RunAsync),
        ("fan-out", "one file to 1, 10 and 100 targets, alone and beside stalled ones", true, FanOutWork.RunAsync),
        ("isolation", "one healthy target alone, and beside 50 that are dead, stalled or slow, or whose names never resolve", true, IsolationWork.RunAsync),
        ("many", "10,000 targets; 10,000 connections at a server", false, ManyWork.RunAsync),
        ("responsiveness", "how late a 10 ms ticker is under load", false, ResponsivenessWork.RunAsync),
        ("waiting", "CPU time while every target is stalled", false, WaitingWork.RunAsync),
        ("cold-start", "1 KiB as a whole process", false, ColdStartWork.RunAsync),
        ("web", "what the web server costs: throughput beside a scraper, and a start", true, WebWork.RunAsync),
        ("memory", "peak memory over payload size and number of targets", false, MemoryWork.RunAsync),
    ];

    // Not in all.
    private static readonly (string Name, string Description, bool IsBulk, Func<Bench, CancellationToken, Task> RunAsync)[] Others =
    [
        ("cluster", "1, 2 and 3 nodes on this machine: deliveries, waiting targets, fail-over; a simulation of larger clusters; not in all", false, ClusterWork.RunAsync),
        ("kills", "senders and servers of the deliveries protocol killed, connections reset, 200 kills a round: each payload is stored once; not in all", false, KillWork.RunAsync),
        ("relay-kills", "senders, a relay and servers killed, 200 kills a round: what the relay acknowledged arrives, deliveries once; not in all", false, RelayKillWork.RunAsync),
        ("cluster-kills", "nodes of a cluster killed, stopped, cut off and ended, and its database crashed, 40 faults a round: what was acknowledged arrives once and in order; not in all", false, ClusterKillWork.RunAsync),
    ];

    public static Task<int> RunAsync(string[] args)
    {
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count.", DefaultValueFactory = _ => 5 };
        rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--rounds: needs at least 1");
        });
        var size = new Option<string>("--size") { HelpName = "SIZE", Description = "A bulk payload, as 4GiB or 512MiB.", DefaultValueFactory = _ => "4GiB" };
        size.Validators.Add(result =>
        {
            if (Bytes(result.GetValueOrDefault<string>()!) is null)
                result.AddError($"--size {result.GetValueOrDefault<string>()}: needs a number with KiB, MiB or GiB, of 1 TiB at most");
        });
        var only = new Option<string>("--only") { HelpName = "PEER,PEER", Description = "Peers whose names have one of these words, as nc or async or Akka.IO.", DefaultValueFactory = _ => "" };
        var directory = new Option<string>("--out") { HelpName = "DIR", Description = "Where COMMAND.md and COMMAND.json go.", DefaultValueFactory = _ => "artifacts/benchmarks" };

        var root = new RootCommand("Runs the program and its peers on the same work, in turns. Loopback only; ends by itself.");
        Add(new Command("all", "all of these"), true, [.. Works.Select(w => w.RunAsync)]);
        foreach (var work in Works.Concat(Others))
            Add(new Command(work.Name, work.Description), work.IsBulk, [work.RunAsync]);
        return root.Parse(args).InvokeAsync();

        void Add(Command command, bool isBulk, Func<Bench, CancellationToken, Task>[] works)
        {
            root.Subcommands.Add(command);
            foreach (var option in isBulk ? new Option[] { rounds, size, only, directory } : [rounds, only, directory])
                command.Options.Add(option);
            command.SetAction(async (parsed, cancellation) =>
            {
                var bytes = isBulk ? Bytes(parsed.GetValue(size)!)!.Value : 0;
                var names = parsed.GetValue(only)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                Report report;
                string scratch;
                try
                {
                    report = new Report(Machine.Read(), parsed.GetValue(directory)!, command.Name, string.Join(' ', args));
                    scratch = Places.Scratch(bytes);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    await Console.Error.WriteLineAsync($"error: {e.Message}");
                    return Failed;
                }

                try
                {
                    Places.Publish();
                    foreach (var run in works)
                        await run(new Bench(parsed.GetValue(rounds), bytes, names, report, scratch), cancellation);
                    return report.HasFailed ? Failed : 0;
                }
                catch (Exception) when (cancellation.IsCancellationRequested)
                {
                    await Console.Error.WriteLineAsync("stopped; what was done is in the results");
                    return Interrupted;
                }
                finally
                {
                    Directory.Delete(scratch, recursive: true);
                }
            });
        }
    }

    private static long? Bytes(string text)
    {
        var shift = text[Math.Max(0, text.Length - 3)..] switch { "KiB" => 10, "MiB" => 20, "GiB" => 30, _ => -1 };
        return shift > 0 && long.TryParse(text[..^3], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= (1L << 40) >> shift
            ? number << shift
            : null;
    }
}
