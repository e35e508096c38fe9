using System.Globalization;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>What a contest is to come to.</summary>
/// <param name="Text">What is asked for.</param>
/// <param name="Measure">The number that is asked for; null when it could not be measured.</param>
/// <param name="Limit">What it has to reach.</param>
/// <param name="AtMost">Whether it has to stay below that.</param>
internal sealed record Goal(string Text, Func<Result, double?> Measure, double Limit, bool AtMost = false)
{
    /// <summary>Ours is so many times as fast as the best of the peers whose names begin so; in MiB/s.</summary>
    public static Goal AtLeast(double factor, string peers) =>
        new(Invariant($"at least {factor:0.0#} × {peers}"), r => r.Best(peers) is { } best ? r.Ratio(best, 0) : null, factor);

    /// <summary>What sending and receiving are to reach, and who are to be behind.</summary>
    public static IReadOnlyList<Goal> Bulk(params IEnumerable<string> behind) =>
    [
        AtLeast(1, "async .NET"), AtLeast(0.8, "blocking .NET"), AtLeast(2, "Akka.Streams"), AtLeast(4, "Akka.IO by default"),
        .. behind.Select(peer => AtLeast(1, peer)),
    ];

    /// <summary>Ours takes at most so many times what a peer takes.</summary>
    public static Goal NoMoreThan(double factor, string peer, int metric = 0) =>
        new(Invariant($"at most {factor:0.0#} × {peer}"), r => r.Best(peer) is { } best ? r.Ratio(best, metric) : null, factor, AtMost: true);

    /// <summary>A number of ours is no higher than that.</summary>
    public static Goal Below(string text, double limit, int metric = 0) => new(text, r => r.Median(Contest.Ours, metric), limit, AtMost: true);

    public bool? IsReached(Result result) => Measure(result) is { } value ? AtMost ? value <= Limit : value >= Limit : null;

    public string Verdict(Result result) => IsReached(result) is { } reached
        ? Invariant($"- goal: {Text}: {Measure(result):0.00}, {(reached ? "reached" : "not reached")}")
        : $"- goal: {Text}: not measured";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
