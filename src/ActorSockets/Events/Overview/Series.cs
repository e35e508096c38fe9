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

    private static readonly Phase[] Phases = Enum.GetValues<Phase>();
    private static readonly ClusterEvents.NodeState[] NodeStates = Enum.GetValues<ClusterEvents.NodeState>();

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
        .. PerTarget(t => t.Totals.Failed.Values.Sum(), (Outcome, "failed")),
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

    public IEnumerable<Measurement<long>> States()
    {
        var counts = snapshot.Targets.CountBy(t => t.Phase).ToDictionary();
        return Phases.Select(phase => new Measurement<long>(counts.GetValueOrDefault(phase), Tag("state", Word(phase.ToString()))));
    }

    public IEnumerable<Measurement<T>> OfOutbox<T>(Func<OutboxSnapshot, T> figure) where T : struct =>
        snapshot.Outbox is { } outbox ? [new Measurement<T>(figure(outbox))] : [];

    public IEnumerable<Measurement<long>> Nodes() => snapshot.Cluster is { } cluster
        ? NodeStates.Select(state => new Measurement<long>(cluster.Nodes.Count(n => n.State == state), Tag("state", Word(state.ToString()))))
        : [];

    public IEnumerable<Measurement<long>> TargetsHere() =>
        snapshot.Cluster?.Nodes.FirstOrDefault(n => n.IsSelf)?.Targets is { } targets ? [new Measurement<long>(targets)] : [];

    public IEnumerable<Measurement<long>> Ended() => snapshot.Servers.SelectMany(s => new[]
    {
        new Measurement<long>(s.Completed, Server(s), Tag(Outcome, "completed")),
        new Measurement<long>(s.ReceiptsLost, Server(s), Tag(Outcome, "receipt_lost")),
        new Measurement<long>(s.BrokenOff, Server(s), Tag(Outcome, "broken_off")),
    });

    public IEnumerable<Measurement<long>> Refused() =>
        from server in snapshot.Servers
        from refused in server.Refused
        select new Measurement<long>(refused.Value, Server(server), Tag("reason", Word(refused.Key.ToString())));

    private IEnumerable<Measurement<long>> PerTarget(Func<TargetSnapshot, long> figure, params (string Name, string Value)[] labels)
    {
        var tags = labels.Select(l => Tag(l.Name, l.Value)).ToArray();
        return Summed
            ? [new Measurement<long>(snapshot.Targets.Sum(figure), tags)]
            : snapshot.Targets.Select(t => new Measurement<long>(figure(t), [Target(t), .. tags]));
    }

    private IEnumerable<Measurement<long>> PerKind(Func<TargetSnapshot, IReadOnlyDictionary<FailureKind, long>> counts) => Summed
        ? from count in snapshot.Targets.SelectMany(counts)
          group count.Value by count.Key into sum
          select new Measurement<long>(sum.Sum(), Kind(sum.Key))
        : from target in snapshot.Targets
          from count in counts(target)
          select new Measurement<long>(count.Value, Target(target), Kind(count.Key));

    private static KeyValuePair<string, object?> Kind(FailureKind kind) => Tag("error.type", Word(kind.ToString()));

    private static KeyValuePair<string, object?> Target(TargetSnapshot target) => Tag("target", target.Name);

    private static KeyValuePair<string, object?> Server(ServerSnapshot server) => Tag("server", server.Name);

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
