using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Events.Overview;
using ActorSockets.Host.Configuration;
using ActorSockets.Platform;
using Akka.Actor;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// Subscribes to every event, reports it in the configured format, and keeps the summary of the run.
/// </summary>
internal sealed class ReporterActor : UntypedActor, IWithTimers
{
    private readonly RunSummary _summary = new();
    private readonly TimeSpan _refreshInterval;
    private readonly Output _output;
    private readonly StderrReport _stderr;
    private readonly JsonReport? _json;
    private readonly OverviewState? _overview;
    private readonly int _maxRows;
    private readonly List<IActorRef> _waiting = [];

    public ReporterActor(ProgramSettings settings, ReportFormat format, bool showTicker, Output output)
    {
        _refreshInterval = settings.Report.RefreshInterval;
        _output = output;
        _stderr = new StderrReport(settings, format, showTicker, output);
        _json = format == ReportFormat.Json ? new JsonReport(output) : null;
        _overview = format == ReportFormat.Live ? settings.Library.CreateOverview() : null;
        _maxRows = settings.Report.MaxRows;
    }

    public static Props Props(ProgramSettings settings, ReportFormat format, bool showTicker, Output output) =>
        PlainProps.Of(() => new ReporterActor(settings, format, showTicker, output));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        Type[] events =
        [
            typeof(Deliveries.IDeliveryEvent), typeof(Deliveries.ITargetChange), typeof(ServerEvents.IServerEvent), typeof(OutboxEvents.IOutboxEvent), typeof(ClusterEvents.IClusterEvent),
            typeof(OutboxEvents.OutboxMeasured), typeof(ClusterEvents.ClusterMeasured), typeof(TlsEvents.ITlsEvent), typeof(Ticked),
        ];
        foreach (var type in events)
            Context.System.EventStream.Subscribe(Self, type);
        if (_overview is not null)
            Timers.StartPeriodicTimer(Refresh.Instance, Refresh.Instance, TimeSpan.Zero, _refreshInterval);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Expect expect:
                foreach (var (target, id) in expect.Deliveries)
                    _summary.Expect(target, id);
                break;
            case Added added:
                _stderr.Add(added.Target);
                if (added.Delivers)
                    _summary.Expect(added.Target.Name, added.Target.PayloadId);
                break;
            case WhenAllEnded:
                _waiting.Add(Sender);
                break;
            case Summarise:
                Sender.Tell(State());
                break;
            case Conclude conclude:
                Timers.CancelAll();
                _output.Show(null);
                Tell(_summary.Conclude(conclude.ExitCode));
                Sender.Tell(State());
                // The summary is the last line, whatever else happens on the way out.
                Become(_ => { });
                break;
            case Refresh:
                _output.Show(new LiveTable(_overview!.At(Now), _maxRows));
                break;
            default:
                Tell(message);
                break;
        }

        if (_waiting.Count == 0 || _summary.Unfinished > 0)
            return;
        _waiting.ForEach(w => w.Tell(State()));
        _waiting.Clear();
    }

    private void Tell(object happened)
    {
        _summary.Add(happened);
        _overview?.Add(happened, Now);
        _json?.Hear(happened);
        _stderr.Hear(happened, Now);
    }

    private Summarised State() => new(_summary.AllDelivered, _summary.UnderWay(), _summary.Unconnected(), _summary.Failed(), _summary.Delivered());

    /// <summary>These deliveries are about to begin.</summary>
    public sealed record Expect(IReadOnlyList<(string Target, string Id)> Deliveries);

    /// <summary>A target was added or changed while the program runs; its delivery may be about to begin.</summary>
    public sealed record Added(TargetSettings Target, bool Delivers);

    /// <summary>Asks for <see cref="Summarised"/> when every expected delivery has its outcome.</summary>
    public sealed record WhenAllEnded;

    /// <summary>Asks for <see cref="Summarised"/> now.</summary>
    public sealed record Summarise;

    /// <summary>Reports the summary, and answers <see cref="Summarised"/>.</summary>
    public sealed record Conclude(int ExitCode);

    /// <summary>The state of the run.</summary>
    /// <param name="AllDelivered">Whether every delivery is delivered.</param>
    /// <param name="UnderWay">Deliveries and connections that have not ended, for people.</param>
    /// <param name="Unconnected">Deliveries that have not ended and have no connection.</param>
    /// <param name="Failed">Targets whose delivery ended otherwise than delivered.</param>
    /// <param name="Delivered">Targets whose last delivery was delivered or sent.</param>
    public sealed record Summarised(
        bool AllDelivered, IReadOnlyList<string> UnderWay, IReadOnlyList<(string Target, string Id)> Unconnected, IReadOnlyList<string> Failed,
        IReadOnlyList<string> Delivered);

    private sealed class Refresh
    {
        public static readonly Refresh Instance = new();
    }
}
