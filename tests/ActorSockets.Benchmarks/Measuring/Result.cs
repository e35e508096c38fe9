using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>One number of a run.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Decimals">How many are worth printing.</param>
internal sealed record Metric(string Name, string Unit, int Decimals = 0)
{
    public string Format(double? value) =>
        value is { } number && !double.IsNaN(number) ? number.ToString("F" + Decimals, CultureInfo.InvariantCulture) : "n/a";
}

/// <summary>What one of them did.</summary>
/// <param name="Name">Who.</param>
/// <param name="Note">Why values are missing: it is not installed, or it failed.</param>
/// <param name="Rounds">The numbers of each round, or null where it did not get that far.</param>
internal sealed record Standing(string Name, string? Note, IReadOnlyList<double[]?> Rounds);

/// <summary>What a contest came to.</summary>
internal sealed record Result(string Title, int Rounds, IReadOnlyList<Metric> Metrics, IReadOnlyList<Goal> Goals, IReadOnlyList<Standing> Standings)
{
    public static double? Median(IEnumerable<double?> values)
    {
        var sorted = values.Where(v => v is { } number && double.IsFinite(number)).Select(v => v!.Value).Order().ToArray();
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    public static IEnumerable<double?> Values(Standing standing, int metric) => standing.Rounds.Select(r => r?[metric]);

    public double? Median(string name, int metric) =>
        Standings.FirstOrDefault(s => s.Name == name) is { } standing ? Median(Values(standing, metric)) : null;

    /// <summary>Of those whose names begin with these words, the one with the highest median of the first number.</summary>
    public Standing? Best(string peers) =>
        Standings.Where(s => Regex.IsMatch(s.Name, $@"^{Regex.Escape(peers)}(?![^\s,])")).MaxBy(s => Median(Values(s, 0)) ?? double.NegativeInfinity);

    /// <summary>The median over the rounds of ours ÷ theirs: what disturbs the machine in one round disturbs both.</summary>
    public double? Ratio(Standing standing, int metric) => Standings.FirstOrDefault(s => s.Name == Contest.Ours) is { } ours
        ? Median(Values(ours, metric).Zip(Values(standing, metric), (mine, theirs) => mine / theirs))
        : null;
}
