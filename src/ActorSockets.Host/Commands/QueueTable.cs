using System.Globalization;
using ActorSockets.Configuration;
using ActorSockets.Outbox;

namespace ActorSockets.Host.Commands;

/// <summary>The outbox for people. What peers said, and what they named, is escaped.</summary>
internal static class QueueTable
{
    public static IEnumerable<string> Of(IReadOnlyList<QueueLine> lines)
    {
        var isOfCluster = lines.Any(line => line.Node is not null);
        return lines.Count == 0 ? ["the outbox is empty"] : TextTable.Of(
            ["target", .. Node("node"), "state", "waiting", "bytes", "oldest", "failed", "last failure"],
            lines.Select(line => (string[])
            [
                line.Target,
                .. Node(Printable.Of(line.Node ?? "")),
                line.IsHeld ? "held" : line.IsStranded ? "stranded" : "open",
                Number(line.Figures.Waiting),
                Sizes.Format(line.Figures.WaitingBytes),
                line.Oldest is { } oldest ? Age(oldest) : "",
                Number(line.Figures.SetAside),
                Printable.Of(line.LastFailure ?? ""),
            ]));

        string[] Node(string cell) => isOfCluster ? [cell] : [];
    }

    public static IEnumerable<string> Of(IReadOnlyList<QueueEntry> entries) => entries.Count == 0 ? ["no delivery fits"] : TextTable.Of(
        ["id", "target", "state", "bytes", "age", "attempts", "reason"],
        entries.Select(entry => new[]
        {
            Printable.Of(entry.Id), entry.Target, State(entry), Sizes.Format(entry.Length), Age(entry.Created), Number(entry.Attempts), Printable.Of(entry.Reason ?? ""),
        }));

    /// <summary>All fields of each delivery.</summary>
    public static IEnumerable<string> Whole(IReadOnlyList<QueueEntry> entries) => entries.SelectMany((entry, index) => (string[])
    [
        .. index > 0 ? [""] : Array.Empty<string>(),
        Field("id", entry.Id),
        Field("target", entry.Target),
        Field("state", State(entry)),
        Field("bytes", Number(entry.Length)),
        Field("digest", entry.Digest),
        Field("payload", entry.File ?? "in the database"),
        Field("name", entry.Name ?? "-"),
        Field("created", Time(entry.Created)),
        Field("attempts", Number(entry.Attempts)),
        Field("tried", entry.LastAttempt is { } tried ? Time(tried) : "-"),
        Field("reason", entry.Reason is null ? "-" : $"{entry.Reason} ({entry.Kind})"),
        Field("ended", entry.Finished is { } ended ? Time(ended) : "-"),
    ]);

    public static string Past(QueueVerb verb) => verb switch
    {
        QueueVerb.Retry => "retrying",
        QueueVerb.Cancel => "cancelled",
        QueueVerb.Hold => "held",
        _ => "released",
    };

    /// <summary>What a command changed.</summary>
    public static string Count(QueueVerb verb, QueueSelection selection, int changed) =>
        selection.Id is null && verb is (QueueVerb.Hold or QueueVerb.Release) ? $"{changed} target{(changed == 1 ? "" : "s")}" : Deliveries(changed);

    private static string Deliveries(int count) => $"{count} deliver{(count == 1 ? "y" : "ies")}";

    private static string Field(string name, string value) => $"{name,-9} {Printable.Of(value)}";

    private static string State(QueueEntry entry) => entry.State.ToString().ToLowerInvariant();

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Time(DateTime at) => at.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Age(DateTime since) => DateTime.UtcNow - since is { Ticks: > 0 } age ? Durations.Format(age) : Durations.Format(TimeSpan.Zero);
}
