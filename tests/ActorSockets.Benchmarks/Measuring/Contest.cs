namespace ActorSockets.Benchmarks.Measuring;

/// <summary>
/// The same work done by ours and by its peers, in turns: each round runs each of them once, and starts with another one.
/// </summary>
/// <param name="title">What is done.</param>
/// <param name="metrics">What is measured: as many numbers as a run returns.</param>
internal sealed class Contest(string title, params Metric[] metrics)
{
    public const string Ours = "ours";

    private readonly List<Contestant> _contestants = [];

    /// <summary>What ours is to reach.</summary>
    public IReadOnlyList<Goal> Goals { get; init; } = [];

    /// <summary>Rounds for each that the options ask for; more where a run is short.</summary>
    public int RoundsFactor { get; init; } = 1;

    /// <summary>Whether each one runs once before it counts.</summary>
    public bool WarmsUp { get; init; } = true;

    /// <summary>The longest that one run may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    public void Add(string name, string? missing, Func<CancellationToken, Task<double[]>> run) =>
        _contestants.Add(new Contestant(name, run) { Excluded = missing });

    /// <summary>What has been measured is reported also when it is stopped.</summary>
    public async Task<Result> RunAsync(Bench bench, CancellationToken cancellation)
    {
        Console.WriteLine($"# {title}");
        var contestants = _contestants.Where(c => bench.Takes(c.Name)).ToList();
        if (bench.Only.Count > 0 && contestants.All(c => c.Name.StartsWith(Ours, StringComparison.Ordinal)))
            await Console.Error.WriteLineAsync($"  nobody but ours is named so; there are {string.Join("; ", _contestants.Select(c => c.Name))}");
        var rounds = bench.Rounds * RoundsFactor;
        try
        {
            for (var round = WarmsUp ? 0 : 1; round <= rounds; round++)
            {
                foreach (var contestant in contestants.Skip(round % contestants.Count).Concat(contestants.Take(round % contestants.Count)))
                    await RunOneAsync(contestant, round, cancellation);
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            bench.Report.Add(ResultOf(title + " (stopped)"));
            throw;
        }

        return bench.Report.Add(ResultOf(title));

        Result ResultOf(string name) => new(name, rounds, metrics, Goals, [.. contestants.Select(c => c.Standing(rounds))]);
    }

    private async Task RunOneAsync(Contestant contestant, int round, CancellationToken cancellation)
    {
        if (contestant.Excluded is not null)
            return;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Timeout);
        try
        {
            var values = await contestant.Run(timeout.Token);
            if (round > 0)
                contestant.Rounds[round] = values;
            await Console.Error.WriteLineAsync($"  {(round == 0 ? "warm-up" : $"round {round}")}: {contestant.Name}: {string.Join(", ", metrics.Zip(values, (m, v) => m.Format(v) + " " + m.Unit))}");
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // Once may be chance. It is listed with its reason in either case.
            contestant.Failures++;
            contestant.Failure = $"failed in {(round == 0 ? "the warm-up" : $"round {round}")}: {e.Message.ReplaceLineEndings(" ")}";
            if (contestant.Failures > 1)
                contestant.Excluded = contestant.Failure;
            await Console.Error.WriteLineAsync($"  {contestant.Name}: {contestant.Failure}");
        }
    }

    private sealed class Contestant(string name, Func<CancellationToken, Task<double[]>> run)
    {
        public string Name => name;

        public Func<CancellationToken, Task<double[]>> Run => run;

        public Dictionary<int, double[]> Rounds { get; } = [];

        public int Failures { get; set; }

        public string? Failure { get; set; }

        public string? Excluded { get; set; }

        public Standing Standing(int rounds) =>
            new(name, Excluded ?? Failure, [.. Enumerable.Range(1, rounds).Select(round => Rounds.GetValueOrDefault(round))]);
    }
}
