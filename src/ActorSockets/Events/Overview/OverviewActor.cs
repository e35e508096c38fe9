using ActorSockets.Platform;
using Akka.Actor;

namespace ActorSockets.Events.Overview;

/// <summary>
/// Keeps the <see cref="OverviewState"/> of a system, the last events, and the instruments. It exists only when metrics or the
/// web server are on. Its parent subscribes it, before anything can happen.
/// </summary>
internal sealed class OverviewActor : UntypedActor, IWithTimers
{
    public const string Name = "overview";

    private readonly OverviewState _state;
    private readonly RecentEvents _recent;
    private readonly MetricsSettings _settings;
    private readonly Instruments _instruments;

    public OverviewActor(OverviewState state, RecentEvents recent, MetricsSettings settings)
    {
        _state = state;
        _recent = recent;
        _settings = settings;
        _instruments = new Instruments(Context.System, settings.MaxTargets);
    }

    public static Props Props(OverviewState state, RecentEvents recent, MetricsSettings settings) =>
        PlainProps.Of(() => new OverviewActor(state, recent, settings));

    /// <summary>What it is to be subscribed to.</summary>
    public static IReadOnlyList<Type> Events { get; } =
    [
        typeof(Deliveries.IDeliveryEvent), typeof(Deliveries.ITargetChange), typeof(ServerEvents.IServerEvent), typeof(OutboxEvents.IOutboxEvent), typeof(ClusterEvents.IClusterEvent),
        typeof(OutboxEvents.OutboxMeasured), typeof(ClusterEvents.ClusterMeasured), typeof(Ticked),
    ];

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        _instruments.Show(_state.At(Now));
        Timers.StartPeriodicTimer(Refresh.Instance, Refresh.Instance, _settings.Interval);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Get:
                var snapshot = _state.At(Now);
                _instruments.Show(snapshot);
                Sender.Tell(snapshot);
                break;
            case GetEvents get:
                Sender.Tell(new RecentlyHappened(_recent.After(get.After)));
                break;
            case Refresh when _instruments.HasListener:
                _instruments.Show(_state.At(Now));
                break;
            case Refresh:
                break;
            case OutboxEvents.OutboxMeasured or ClusterEvents.ClusterMeasured:
                _state.Add(message, Now);
                break;
            default:
                _state.Add(message, Now);
                _recent.Add(message, DateTime.UtcNow);
                _instruments.Record(message);
                break;
        }
    }

    protected override void PostStop() => _instruments.Dispose();

    /// <summary>Asks for a <see cref="Snapshot"/>; listeners of the instruments see it too.</summary>
    public sealed record Get;

    /// <summary>Asks for the <see cref="RecentlyHappened"/> with a higher number.</summary>
    public sealed record GetEvents(long After);

    /// <summary>The oldest first. A gap in the numbers: more happened than is kept.</summary>
    public sealed record RecentlyHappened(IReadOnlyList<NumberedEvent> Events);

    private sealed class Refresh
    {
        public static readonly Refresh Instance = new();
    }
}
