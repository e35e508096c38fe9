using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;

namespace ActorSockets.Events.Overview;

/// <summary>
/// A snapshot as measurements. With more targets than <paramref name="maxTargets"/>, their measurements are summed and have no
/// <c>target</c>. A kind or reason has a series from its first time on.
/// </summary>
internal sealed partial class Series(Snapshot snapshot, int maxTargets)
{
    public const string Outcome = "outcome";

    private static readonly string[] FailureKinds = Words<FailureKind>();
    private static readonly string[] RefusalKinds = Words<RefusalKind>();
    private static readonly string[] PhaseNames = Words<Phase>();

    private bool Summed => snapshot.Targets.Count > maxTargets;

    /// <summary>A name of the code as a value: snake_case, as those of OpenTelemetry.</summary>
    public static string Word(string name) => WordStart().Replace(name, "_$0").ToLowerInvariant();

    public IEnumerable<Measurement<long>> Of(Func<TargetSnapshot, long> figure) => PerTarget(figure);

    public IEnumerable<Measurement<long>> Of(Func<ServerSnapshot, long> figure) =>
        snapshot.Servers.Select(s => new Measurement<long>(figure(s), Server(s)));

    public IEnumerable<Measurement<long>> Completed() =>
    [
        .. PerTarget(t => t.Totals.Delivered, (Outcome, "delivered")),
        .. PerTarget(t => t.Totals.Sent, (Outcome, "sent")),
        .. PerTarget(t => t.Totals.Unconfirmed, (Outcome, "unconfirmed")),
        .. PerTarget(t => t.Totals.Failed.Sum(), (Outcome, "failed")),
        .. PerTarget(t => t.Totals.Rejected, (Outcome, "rejected")),
    ];

    public IEnumerable<Measurement<long>> Failed() => PerKind(t => t.Totals.Failed);

    public IEnumerable<Measurement<long>> AttemptsFailed() => PerKind(t => t.Totals.AttemptsFailed);

    public IEnumerable<Measurement<double>> Blocked() => Summed
        ? [new Measurement<double>(snapshot.Targets.Sum(t => t.Totals.Blocked.TotalSeconds))]
        : snapshot.Targets.Select(t => new Measurement<double>(t.Totals.Blocked.TotalSeconds, Target(t)));

    /// <summary>Summed: the longest.</summary>
    public IEnumerable<Measurement<double>> Trouble() => Summed
        ? [new Measurement<double>(snapshot.Targets.Max(t => t.Trouble.TotalSeconds))]
        : snapshot.Targets.Select(t => new Measurement<double>(t.Trouble.TotalSeconds, Target(t)));

    public IEnumerable<Measurement<long>> Phases()
    {
        var counts = new long[PhaseNames.Length];
        foreach (var target in snapshot.Targets)
            counts[(int)target.Phase]++;
        return counts.Select((count, phase) => new Measurement<long>(count, Tag("state", PhaseNames[phase])));
    }

    public IEnumerable<Measurement<long>> Ended() => snapshot.Servers.SelectMany(s => new[]
    {
        new Measurement<long>(s.Completed, Server(s), Tag(Outcome, "completed")),
        new Measurement<long>(s.ReceiptsLost, Server(s), Tag(Outcome, "receipt_lost")),
        new Measurement<long>(s.BrokenOff, Server(s), Tag(Outcome, "broken_off")),
    });

    public IEnumerable<Measurement<long>> Refused() =>
        from server in snapshot.Servers
        from kind in Enumerable.Range(0, RefusalKinds.Length)
        where server.Refused[kind] > 0
        select new Measurement<long>(server.Refused[kind], Server(server), Tag("reason", RefusalKinds[kind]));

    private IEnumerable<Measurement<long>> PerTarget(Func<TargetSnapshot, long> figure, params (string Name, string Value)[] labels)
    {
        var tags = labels.Select(l => Tag(l.Name, l.Value)).ToArray();
        return Summed
            ? [new Measurement<long>(snapshot.Targets.Sum(figure), tags)]
            : snapshot.Targets.Select(t => new Measurement<long>(figure(t), [Target(t), .. tags]));
    }

    private IEnumerable<Measurement<long>> PerKind(Func<TargetSnapshot, IReadOnlyList<long>> counts)
    {
        for (var kind = 0; kind < FailureKinds.Length; kind++)
        {
            var tag = Tag("error.type", FailureKinds[kind]);
            if (Summed && snapshot.Targets.Sum(t => counts(t)[kind]) is > 0 and var sum)
                yield return new Measurement<long>(sum, tag);
            foreach (var target in Summed ? [] : snapshot.Targets.Where(t => counts(t)[kind] > 0))
                yield return new Measurement<long>(counts(target)[kind], Target(target), tag);
        }
    }

    private static KeyValuePair<string, object?> Target(TargetSnapshot target) => Tag("target", target.Name);

    private static KeyValuePair<string, object?> Server(ServerSnapshot server) => Tag("server", server.Name);

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private static string[] Words<T>() where T : struct, Enum => [.. Enum.GetNames<T>().Select(Word)];

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
