using System.Diagnostics.Metrics;

namespace ActorSockets.Events.Overview;

/// <summary>
/// The instruments of <c>docs/metrics.md</c>. Counters and gauges read the last snapshot when somebody collects them, so that a
/// listener that comes late sees the same totals; histograms record events.
/// </summary>
internal sealed class Instruments : IDisposable
{
    public const string MeterName = "ActorSockets";

    private static readonly InstrumentAdvice<double> DurationBuckets =
        new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200] };

    private static readonly InstrumentAdvice<double> LatenessBuckets =
        new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] };

    private readonly Meter _meter;
    private readonly List<Instrument> _instruments = [];
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _lateness;
    private Series _series = new(new Snapshot([], [], null), int.MaxValue);

    /// <param name="scope">Whose they are: tells the meters of two systems in one process apart.</param>
    /// <param name="maxTargets">With more targets their series are summed.</param>
    public Instruments(object scope, int maxTargets)
    {
        MaxTargets = maxTargets;
        _meter = new Meter(new MeterOptions(MeterName) { Version = typeof(Instruments).Assembly.GetName().Version?.ToString(3), Scope = scope });
        Counter("actorsockets.delivery.completed", "{delivery}", "Deliveries by outcome.", s => s.Completed());
        Counter("actorsockets.delivery.failed", "{delivery}", "Failed deliveries by kind of failure.", s => s.Failed());
        Counter("actorsockets.delivery.io", "By", "Bytes that the kernel took, those of failed attempts included.", s => s.Of(t => t.Totals.Bytes));
        Counter("actorsockets.delivery.attempt.started", "{attempt}", "Attempts to deliver.", s => s.Of(t => t.Totals.Attempts));
        Counter("actorsockets.delivery.attempt.failed", "{attempt}", "Failed attempts that another one follows, by kind of failure.", s => s.AttemptsFailed());
        Counter("actorsockets.delivery.blocked.time", "s", "Time that deliveries which have ended waited for a target that took no bytes.", s => s.Blocked());
        Gauge("actorsockets.delivery.waiting", "{delivery}", "Deliveries that wait for the one under way.", s => s.Of(t => t.Waiting));
        Gauge("actorsockets.target.state", "{target}", "Targets by what they do.", s => s.States());
        Gauge("actorsockets.target.trouble.time", "s", "How long the target has been blocked, backing off or without success after a failure; 0: not at all.", s => s.Trouble());
        Counter("actorsockets.server.accepted", "{connection}", "Accepted connections.", s => s.Of(v => v.Accepted));
        Counter("actorsockets.server.completed", "{connection}", "Ended connections by outcome.", s => s.Ended());
        Counter("actorsockets.server.refused", "{connection}", "Clients that were reset at once, by reason.", s => s.Refused());
        Counter("actorsockets.server.io", "By", "Bytes received.", s => s.Of(v => v.Bytes));
        Gauge("actorsockets.server.connection.active", "{connection}", "Open connections.", s => s.Of(v => v.Open));
        Gauge("actorsockets.server.listening", "{server}", "1 when the server listens, otherwise 0.", s => s.Of(v => v.Phase == ServerPhase.Listening ? 1 : 0));
        Gauge("actorsockets.outbox.waiting", "{delivery}", "Deliveries that wait in the outbox.", s => s.OfOutbox(o => o.Waiting));
        Gauge("actorsockets.outbox.failed", "{delivery}", "Deliveries in the outbox that failed or were not confirmed.", s => s.OfOutbox(o => o.SetAside));
        Gauge("actorsockets.outbox.size", "By", "Bytes of the payloads in the outbox.", s => s.OfOutbox(o => o.Bytes));
        Gauge("actorsockets.outbox.oldest.age", "s", "Age of the oldest delivery that waits in the outbox; 0: none waits.", s => s.OfOutbox(o => o.Oldest.TotalSeconds));
        Gauge("actorsockets.cluster.node.state", "{node}", "Nodes of the cluster by state, as this node sees them.", s => s.Nodes());
        Gauge("actorsockets.cluster.target.active", "{target}", "Targets whose senders run on this node.", s => s.TargetsHere());
        _duration = _meter.CreateHistogram("actorsockets.delivery.duration", "s", "From the first attempt to the outcome, by outcome.", null, DurationBuckets);
        _lateness = _meter.CreateHistogram("actorsockets.ticker.lateness", "s", "How late ticks came.", null, LatenessBuckets);
        _instruments.AddRange(_duration, _lateness);
    }

    /// <summary>Whether anybody listens to any of them.</summary>
    public bool HasListener => _instruments.Exists(i => i.Enabled);

    private int MaxTargets { get; }

    /// <summary>What collectors read from now on. They read on threads of their own.</summary>
    public void Show(Snapshot snapshot) => Volatile.Write(ref _series, new Series(snapshot, MaxTargets));

    public void Record(object happened)
    {
        switch (happened)
        {
            case Deliveries.IOutcome outcome when _duration.Enabled:
                _duration.Record(outcome.Report.Elapsed.TotalSeconds, new KeyValuePair<string, object?>(Series.Outcome, Series.Word(outcome.GetType().Name)));
                break;
            case Ticked tick when _lateness.Enabled:
                _lateness.Record(tick.Lateness.TotalSeconds);
                break;
        }
    }

    public void Dispose() => _meter.Dispose();

    private void Counter<T>(string name, string unit, string description, Func<Series, IEnumerable<Measurement<T>>> read) where T : struct =>
        _instruments.Add(_meter.CreateObservableCounter(name, () => read(Volatile.Read(ref _series)), unit, description));

    private void Gauge<T>(string name, string unit, string description, Func<Series, IEnumerable<Measurement<T>>> read) where T : struct =>
        _instruments.Add(_meter.CreateObservableGauge(name, () => read(Volatile.Read(ref _series)), unit, description));
}
