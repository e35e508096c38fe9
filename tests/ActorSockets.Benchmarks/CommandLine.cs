using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ActorSockets.Benchmarks.Measuring;
using ActorSockets.Benchmarks.Works;

namespace ActorSockets.Benchmarks;

/// <summary><c>all|send|receive|…</c>: which work is done, by whom, how often and on how much.</summary>
internal static class CommandLine
{
    private const int Interrupted = 130;

    private static readonly (string Name, string Description, Func<Bench, CancellationToken, Task> RunAsync)[] Works =
    [
        ("send", "bulk send to a plain sink", SendWork.RunAsync),
        ("receive", "bulk receive and discard; both ends ours", ReceiveWork.RunAsync),
        ("fan-out", "one file to 1, 10 and 100 targets, alone and beside stalled ones", FanOutWork.RunAsync),
        ("many", "10,000 targets; 10,000 connections at a server", ManyWork.RunAsync),
        ("responsiveness", "how late a 10 ms ticker is under load", ResponsivenessWork.RunAsync),
        ("waiting", "CPU time while every target is stalled", WaitingWork.RunAsync),
        ("cold-start", "1 KiB as a whole process", ColdStartWork.RunAsync),
        ("memory", "peak memory with stalled targets", MemoryWork.RunAsync),
    ];

    public static Task<int> RunAsync(string[] args)
    {
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count.", DefaultValueFactory = _ => 5 };
        var size = new Option<long>("--size")
        {
            HelpName = "SIZE",
            Description = "A bulk payload, as 4GiB or 512MiB.",
            DefaultValueFactory = _ => 4L << 30,
            CustomParser = Size,
        };
        var only = new Option<string>("--only") { HelpName = "PEER,PEER", Description = "Peers whose names contain one of these.", DefaultValueFactory = _ => "" };
        var directory = new Option<string>("--out") { HelpName = "DIR", Description = "Where results.md and results.json go.", DefaultValueFactory = _ => "artifacts/benchmarks" };

        var root = new RootCommand("Runs the program and its peers on the same work, in turns. Loopback only; ends by itself.");
        var all = new Command("all", "everything but isolation");
        root.Subcommands.Add(all);
        Add(all, [.. Works.Select(w => w.RunAsync)]);
        foreach (var work in Works)
        {
            var command = new Command(work.Name, work.Description);
            root.Subcommands.Add(command);
            Add(command, [work.RunAsync]);
        }

        var isolation = new Command("isolation", "one healthy target alone, and beside 50 that are dead, stalled or slow");
        isolation.SetAction(_ => Isolation.RunAsync());
        root.Subcommands.Add(isolation);
        return root.Parse(args).InvokeAsync();

        void Add(Command command, Func<Bench, CancellationToken, Task>[] works)
        {
            foreach (var option in new Option[] { rounds, size, only, directory })
                command.Options.Add(option);
            command.SetAction(async (parsed, cancellation) =>
            {
                var bytes = parsed.GetValue(size);
                var names = parsed.GetValue(only)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                Places.Publish();
                var machine = Machine.Read();
                Console.WriteLine(machine);
                var scratch = Places.Scratch(bytes);
                try
                {
                    var report = new Report(machine, parsed.GetValue(directory)!);
                    foreach (var run in works)
                        await run(new Bench(parsed.GetValue(rounds), bytes, names, report, scratch), cancellation);
                    return 0;
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

    private static long Size(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var shift = text[Math.Max(0, text.Length - 3)..] switch { "KiB" => 10, "MiB" => 20, "GiB" => 30, _ => -1 };
        if (shift > 0 && long.TryParse(text[..^3], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            return number << shift;
        result.AddError($"--size {text}: needs a number with KiB, MiB or GiB");
        return 0;
    }
}
