namespace ActorSockets.Events.Overview;

/// <summary>
/// The state that events add up to: every target, every server, the ticker. The one read model: table, page, JSON and metrics
/// show it. Its size is that of the targets and servers that there are; events of others are ignored.
/// </summary>
internal sealed class OverviewState
{
    // In the order in which they were added; a place of a removed one is used again by none.
    private readonly OrderedDictionary<string, TargetTracker> _targets = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, ServerTracker> _servers = new(StringComparer.Ordinal);
    private TickerSnapshot? _ticker;
    private OutboxEvents.OutboxMeasured? _outbox;
    private string? _full;
    private ClusterEvents.ClusterMeasured? _cluster;

    /// <param name="name">The target's name.</param>
    /// <param name="endpoint">Host and port as configured.</param>
    /// <param name="expected">Whether a delivery is going to begin.</param>
    public void AddTarget(string name, string endpoint, bool expected) =>
        _targets[name] = new TargetTracker(name, endpoint, expected ? Phase.Waiting : Phase.Idle);

    /// <param name="name">The server's name.</param>
    /// <param name="endpoint">Host and port as configured.</param>
    public void AddServer(string name, string endpoint) => _servers[name] = new ServerTracker(name, endpoint);

    public void Add(object happened, TimeSpan now)
    {
        switch (happened)
        {
            case Deliveries.IDeliveryEvent e when _targets.TryGetValue(e.Target, out var target):
                target.Add(e, now);
                break;
            case Deliveries.TargetAdded e:
                AddTarget(e.Target, e.Endpoint, expected: false);
                break;
            case Deliveries.TargetRemoved e:
                _targets.Remove(e.Target);
                break;
            case ServerEvents.Removed e:
                _servers.Remove(e.Server);
                break;
            case ServerEvents.Bound e when !_servers.ContainsKey(e.Server):
                AddServer(e.Server, e.Endpoint.ToString());
                _servers[e.Server].Add(e);
                break;
            case ServerEvents.IServerEvent e when _servers.TryGetValue(e.Server, out var server):
                server.Add(e);
                break;
            case OutboxEvents.OutboxMeasured e:
                foreach (var name in _outbox?.Targets.Keys.Except(e.Targets.Keys) ?? [])
                    _targets.GetValueOrDefault(name)?.Waits(0);
                _outbox = e;
                foreach (var (name, waiting) in e.Targets)
                    _targets.GetValueOrDefault(name)?.Waits(waiting);
                break;
            case OutboxEvents.OutboxFull e:
                _full = e.Limit;
                break;
            case OutboxEvents.OutboxHasRoom:
                _full = null;
                break;
            case ClusterEvents.ClusterMeasured e:
                _cluster = e;
                break;
            case Ticked tick:
                _ticker = new TickerSnapshot(tick.Number, tick.Lateness, tick.Lateness > _ticker?.Latest || _ticker is null ? tick.Lateness : _ticker.Latest);
                break;
        }
    }

    public Snapshot At(TimeSpan now) => new([.. _targets.Values.Select(t => t.At(now))], [.. _servers.Values.Select(s => s.At(now))], _ticker)
    {
        Outbox = _outbox is null ? null : new OutboxSnapshot(_outbox.Waiting, _outbox.SetAside, _outbox.Bytes, Age(_outbox.Oldest), _full),
        Cluster = _cluster,
    };

    /// <summary>By the wall clock, since it may have come in an earlier process.</summary>
    private static TimeSpan Age(DateTime? since) => since is { } at && DateTime.UtcNow - at is { Ticks: > 0 } age ? age : TimeSpan.Zero;
}
