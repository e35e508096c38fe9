using System.Globalization;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Servers;
using ActorSockets.Ticker;
using HdrHistogram;

namespace ActorSockets.Host.Reporting;

/// <summary>What a run comes to: an outcome per delivery, and how late the ticks were.</summary>
internal sealed class RunSummary
{
    private const long LongestLatenessMicroseconds = 3_600_000_000;

    private readonly Dictionary<(string Target, string Id), Deliveries.IDeliveryEvent?> _deliveries = [];
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private readonly LongHistogram _lateness = new(1, LongestLatenessMicroseconds, 3);

    /// <summary>Deliveries that were begun and have no outcome yet.</summary>
    public int Unfinished => _deliveries.Values.Count(o => o is null);

    /// <summary>Whether every delivery that was begun is delivered.</summary>
    public bool AllDelivered => _deliveries.Values.All(o => o is Deliveries.Delivered);

    public void Add(object happened)
    {
        switch (happened)
        {
            case Deliveries.IOutcome or Deliveries.Rejected:
                var ended = (Deliveries.IDeliveryEvent)happened;
                _deliveries[(ended.Target, ended.Id)] = ended;
                break;
            case ServerEvents.Accepted accepted:
                _open[accepted.Server] = _open.GetValueOrDefault(accepted.Server) + 1;
                break;
            case ServerEvents.Completed or ServerEvents.BrokenOff:
                _open[((ServerEvents.IServerEvent)happened).Server]--;
                break;
            case Ticked tick:
                _lateness.RecordValue(Math.Clamp((long)tick.Lateness.TotalMicroseconds, 1, LongestLatenessMicroseconds));
                break;
        }
    }

    /// <summary>What is not done yet, for people; empty when all is.</summary>
    public IReadOnlyList<string> UnderWay() =>
    [
        .. _deliveries.Where(d => d.Value is null).Select(d => $"target {d.Key.Target}"),
        .. _open.Where(s => s.Value > 0).Select(s => $"server {s.Key} ({s.Value} connection{(s.Value == 1 ? "" : "s")})"),
    ];

    /// <summary>A delivery that was begun, so that one without an outcome is listed as what it is.</summary>
    public void Expect(string target, string id) => _deliveries.TryAdd((target, id), null);

    /// <summary>A table of deliveries and a line of ticks; empty when there were neither.</summary>
    public IReadOnlyList<string> Lines()
    {
        List<string[]> rows = [["target", "outcome", "bytes", "attempts", "time", "blocked"], .. _deliveries.Select(d => Row(d.Key.Target, d.Value))];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(r => r[column].Length)).ToArray();
        var table = _deliveries.Count == 0
            ? []
            : rows.Select(r => string.Join("  ", r.Select((cell, column) => column < 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))));
        return [.. table, .. Ticks()];
    }

    private static string[] Row(string target, Deliveries.IDeliveryEvent? ended) => ended switch
    {
        Deliveries.IOutcome outcome =>
        [
            target, outcome.GetType().Name.ToLowerInvariant(), outcome.Report.Taken.ToString(CultureInfo.InvariantCulture),
            outcome.Report.Attempts.ToString(CultureInfo.InvariantCulture), Durations.Format(outcome.Report.Elapsed),
            Durations.Format(outcome.Report.Blocked),
        ],
        _ => [target, ended is null ? "undelivered" : "rejected", "", "", "", ""],
    };

    private IEnumerable<string> Ticks()
    {
        if (_lateness.TotalCount > 0)
            yield return $"ticker: {_lateness.TotalCount} ticks, late by p50 {Percentile(50)}, p99 {Percentile(99)}, max {Percentile(100)}";
    }

    private string Percentile(double percentile) =>
        (_lateness.GetValueAtPercentile(percentile) / 1000.0).ToString("0.0", CultureInfo.InvariantCulture) + " ms";
}
