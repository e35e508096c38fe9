using System.Globalization;
using ActorSockets.Configuration;

namespace ActorSockets.Host.Reporting;

/// <summary>The summary for people: a row for each delivery, a total, a line for each server, and how late the ticks were.</summary>
internal static class SummaryTable
{
    private const int MostRows = 100;

    /// <summary>Lines, or an empty text when there is nothing to report.</summary>
    public static string For(RunEvents.Summary summary) => string.Join('\n', [.. Deliveries(summary.Deliveries), .. summary.Servers.Where(s => s.Completed + s.BrokenOff + s.Refused > 0).Select(Server), .. Outbox(summary.Outbox), .. Ticks(summary.Ticker)]);

    private static IEnumerable<string> Deliveries(IReadOnlyList<RunEvents.Delivery> deliveries)
    {
        if (deliveries.Count == 0)
            return [];
        // Of very many, only those that went wrong; the total counts the others.
        var told = deliveries.Count <= MostRows ? deliveries : [.. deliveries.Where(d => d.Outcome is not ("delivered" or "sent"))];
        List<string[]> rows = [["target", "outcome", "bytes", "attempts", "time", "blocked"], .. told.Select(Row)];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(r => r[column].Length)).ToArray();
        var table = rows.Select(r => string.Join("  ", r.Select((cell, column) => column < 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
        return [.. told.Count > 0 ? table : [], .. deliveries.Count > 1 ? [Total(deliveries)] : Array.Empty<string>()];
    }

    /// <summary>They run side by side: the longest one's time is that of all.</summary>
    private static string Total(IReadOnlyList<RunEvents.Delivery> deliveries)
    {
        var counts = deliveries.GroupBy(d => d.Outcome).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}");
        var bytes = deliveries.Sum(d => d.Report?.Taken ?? 0);
        var elapsed = deliveries.Max(d => d.Report?.Elapsed ?? TimeSpan.Zero);
        return $"{deliveries.Count} deliveries: {string.Join(", ", counts)}, {Sizes.Format(bytes)} in {Durations.Format(elapsed)}";
    }

    private static string[] Row(RunEvents.Delivery delivery) => delivery.Report is { } report
        ?
        [
            delivery.Target, delivery.Outcome, report.Taken.ToString(CultureInfo.InvariantCulture),
            report.Attempts.ToString(CultureInfo.InvariantCulture), Durations.Format(report.Elapsed), Durations.Format(report.Blocked),
        ]
        : [delivery.Target, delivery.Outcome, "", "", "", ""];

    private static string Server(RunEvents.Server server) =>
        $"server {server.Name}: {server.Completed} completed, {server.BrokenOff} broken off, {server.Refused} refused, {Sizes.Format(server.Bytes)}";

    private static IEnumerable<string> Outbox(RunEvents.Outbox? outbox)
    {
        if (outbox is not null)
            yield return $"outbox: {outbox.Delivered} delivered, {outbox.Failed} failed; {outbox.Waiting} waiting, {outbox.SetAside} set aside, {Sizes.Format(outbox.Bytes)}";
    }

    private static IEnumerable<string> Ticks(RunEvents.Ticks? ticks)
    {
        if (ticks is not null)
        {
            yield return $"ticker: {ticks.Count} ticks, late by p50 {Milliseconds(ticks.LateP50)}, p99 {Milliseconds(ticks.LateP99)}, "
                + $"p99.9 {Milliseconds(ticks.LateP999)}, max {Milliseconds(ticks.LateMax)}";
        }
    }

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms";
}
