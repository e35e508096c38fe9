using ActorSockets.Events;
using HdrHistogram;

namespace ActorSockets.Host.Reporting;

/// <summary>The result of a run: an outcome per delivery, counts per server, and how late the ticks were.</summary>
internal sealed class RunSummary
{
    private const long LongestLatenessMicroseconds = 3_600_000_000;

    private readonly Dictionary<(string Target, string Id), Deliveries.IDeliveryEvent?> _deliveries = [];
    private readonly HashSet<(string Target, string Id)> _connected = [];
    private readonly HashSet<(string Target, string Id)> _kept = [];
    private readonly Dictionary<string, RunEvents.Server> _servers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private readonly LongHistogram _lateness = new(1, LongestLatenessMicroseconds, 3);

    private RunEvents.Outbox _relayed = new(0, 0, 0, 0, 0);
    private bool _hasOutbox;

    /// <summary>Deliveries that were begun and have no outcome yet.</summary>
    public int Unfinished { get; private set; }

    /// <summary>Whether every delivery that was begun is delivered.</summary>
    public bool AllDelivered => _deliveries.Values.All(o => o is Deliveries.Delivered or Deliveries.Sent);

    public void Add(object happened)
    {
        switch (happened)
        {
            case Deliveries.IDeliveryEvent e when !_deliveries.ContainsKey((e.Target, e.Id)):
                // A relay's: they are without number.
                _relayed = _relayed.Add(e);
                break;
            case OutboxEvents.OutboxMeasured e:
                _relayed = _relayed with { Waiting = e.Waiting, SetAside = e.SetAside, Bytes = e.Bytes };
                _hasOutbox = true;
                break;
            case Deliveries.Kept e:
                _kept.Add((e.Target, e.Id));
                break;
            case Deliveries.Withdrawn e:
                _connected.Remove((e.Target, e.Id));
                break;
            case Deliveries.IOutcome or Deliveries.Rejected:
                var ended = (Deliveries.IDeliveryEvent)happened;
                if (_deliveries.TryGetValue((ended.Target, ended.Id), out var before) && before is null)
                    Unfinished--;
                _deliveries[(ended.Target, ended.Id)] = ended;
                _connected.Remove((ended.Target, ended.Id));
                break;
            case Deliveries.Connected e:
                _connected.Add((e.Target, e.Id));
                break;
            case Deliveries.BackingOff e:
                _connected.Remove((e.Target, e.Id));
                break;
            case ServerEvents.Accepted accepted:
                _open[accepted.Server] = _open.GetValueOrDefault(accepted.Server) + 1;
                break;
            case ServerEvents.Bound bound:
                // A reload may have moved it.
                _servers[bound.Server] = _servers.GetValueOrDefault(bound.Server, new RunEvents.Server(bound.Server, "", 0, 0, 0, 0)) with { Endpoint = bound.Endpoint.ToString() };
                break;
            case ServerEvents.Completed e:
                _open[e.Server]--;
                _servers[e.Server] = _servers[e.Server] with { Completed = _servers[e.Server].Completed + 1, Bytes = _servers[e.Server].Bytes + e.Bytes };
                break;
            case ServerEvents.ReceiptLost e:
                _open[e.Server]--;
                _servers[e.Server] = _servers[e.Server] with { Completed = _servers[e.Server].Completed + 1, Bytes = _servers[e.Server].Bytes + e.Bytes };
                break;
            case ServerEvents.BrokenOff e:
                _open[e.Server]--;
                _servers[e.Server] = _servers[e.Server] with { BrokenOff = _servers[e.Server].BrokenOff + 1, Bytes = _servers[e.Server].Bytes + e.Bytes };
                break;
            case ServerEvents.Refused e:
                _servers[e.Server] = _servers[e.Server] with { Refused = _servers[e.Server].Refused + e.Count };
                break;
            case Ticked tick:
                _lateness.RecordValue(Math.Clamp((long)tick.Lateness.TotalMicroseconds, 1, LongestLatenessMicroseconds));
                break;
        }
    }

    /// <summary>Deliveries that have no outcome and no connection: they wait, connect or back off. Those in the outbox are left alone.</summary>
    public IReadOnlyList<(string Target, string Id)> Unconnected() =>
        [.. _deliveries.Where(d => d.Value is null && !_connected.Contains(d.Key) && !_kept.Contains(d.Key)).Select(d => d.Key)];

    /// <summary>Targets whose delivery ended otherwise than delivered.</summary>
    public IReadOnlyList<string> Failed() => [.. _deliveries.Where(d => d.Value is not (null or Deliveries.Delivered or Deliveries.Sent)).Select(d => d.Key.Target)];

    /// <summary>Targets whose last delivery was delivered or sent.</summary>
    public IReadOnlyList<string> Delivered() =>
        [.. _deliveries.GroupBy(d => d.Key.Target).Where(t => t.Last().Value is Deliveries.Delivered or Deliveries.Sent).Select(t => t.Key)];

    /// <summary>Deliveries and connections that have not ended, for people; empty when all have.</summary>
    public IReadOnlyList<string> UnderWay() =>
    [
        .. _deliveries.Where(d => d.Value is null).Select(d => $"target {d.Key.Target}"),
        .. _open.Where(s => s.Value > 0).Select(s => $"server {s.Key} ({s.Value} connection{(s.Value == 1 ? "" : "s")})"),
    ];

    /// <summary>Adds a delivery that has begun, so that the summary lists it even without an outcome.</summary>
    public void Expect(string target, string id)
    {
        // One that ended before a reload begins again.
        if (!_deliveries.TryGetValue((target, id), out var before) || before is not null)
            Unfinished++;
        _deliveries[(target, id)] = null;
    }

    /// <summary>The summary.</summary>
    public RunEvents.Summary Conclude(int exitCode) =>
        new(exitCode, [.. _deliveries.Select(d => Delivery(d.Key.Target, d.Key.Id, d.Value))], [.. _servers.Values], Ticks()) { Outbox = _hasOutbox ? _relayed : null };

    private RunEvents.Delivery Delivery(string target, string id, Deliveries.IDeliveryEvent? ended) => ended switch
    {
        null when _kept.Contains((target, id)) => new RunEvents.Delivery(target, id, "stored", "it waits in the outbox", null),
        null => new RunEvents.Delivery(target, id, "undelivered", null, null),
        Deliveries.Rejected e => new RunEvents.Delivery(target, id, "rejected", e.Reason, null),
        Deliveries.Unconfirmed e => new RunEvents.Delivery(target, id, "unconfirmed", e.Reason, e.Report),
        Deliveries.Failed e => new RunEvents.Delivery(target, id, "failed", e.Reason, e.Report),
        Deliveries.Sent e => new RunEvents.Delivery(target, id, "sent", null, e.Report),
        _ => new RunEvents.Delivery(target, id, "delivered", null, ((Deliveries.IOutcome)ended).Report),
    };

    private RunEvents.Ticks? Ticks() => _lateness.TotalCount == 0
        ? null
        : new RunEvents.Ticks(_lateness.TotalCount, Percentile(50), Percentile(99), Percentile(99.9), Percentile(100));

    private TimeSpan Percentile(double percentile) => TimeSpan.FromMicroseconds(_lateness.GetValueAtPercentile(percentile));
}
