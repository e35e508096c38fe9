using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>
/// Opens the outbox and looks after it: executes what <c>actorsockets queue</c> asks for, forgets what failed long ago, says what is
/// full, failing or damaged, and publishes its figures. It exists only when there is an outbox.
/// </summary>
internal sealed class OutboxActor(OutboxAccess access, Func<StorePlace, IStore> openStore) : UntypedActor, IWithTimers
{
    public const string Name = "outbox";

    // Damages that are published one by one; queue list has them all.
    private const int MostDamages = 20;

    // A line that begins again, or a target that a reload replaces, is heard within that many.
    private const int LooksUntilStranded = 5;

    private static readonly TimeSpan CommandInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MeasureInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CleanInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuietBeforeWorks = TimeSpan.FromSeconds(5);

    // Looks in which nobody listened to a line.
    private readonly Dictionary<string, int> _unheard = new(StringComparer.Ordinal);
    private IOutbox? _outbox;
    private OutboxEvents.OutboxMeasured? _measured;
    private bool _isFailing;
    private bool _isExecuting;
    private bool _isMeasuring;

    public static Props Props(OutboxAccess access, Func<StorePlace, IStore> openStore) => PlainProps.Of(() => new OutboxActor(access, openStore));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(Trouble));
        Task.Run(() => access.Open(openStore)).PipeTo(Self, success: opened => new Opened(opened.Outbox), failure: e => new NotOpened(e.Message));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Opened opened:
                Begin(opened.Outbox);
                break;
            case NotOpened failed:
                Publish(new OutboxEvents.OutboxFailed(access.Settings!.Place.Description, failed.Reason));
                break;
            case FullChanged { What: { } what }:
                Publish(new OutboxEvents.OutboxFull(what));
                break;
            case FullChanged:
                Publish(new OutboxEvents.OutboxHasRoom(access.Settings!.Place.Description));
                break;
            case Signal.Execute when !_isExecuting:
                _isExecuting = true;
                _outbox!.ExecuteWaitingAsync().PipeTo(Self, success: _ => Signal.Executed, failure: e => new NotDone(Signal.Execute, e.Message));
                break;
            case Signal.Executed:
                _isExecuting = false;
                break;
            case Signal.Clean:
                _outbox!.ForgetFailedAsync(DateTime.UtcNow - access.Settings!.KeepFailed).PipeTo(Self, success: _ => Signal.Cleaned, failure: e => new NotDone(Signal.Clean, e.Message));
                break;
            case Signal.Measure when !_isMeasuring:
                _isMeasuring = true;
                LookAsync(_outbox!).PipeTo(Self, failure: e => new NotDone(Signal.Measure, e.Message));
                break;
            case Looked looked:
                _isMeasuring = false;
                if (looked.Waiting.Count > 0)
                    Publish(new WorkWaits(looked.Waiting));
                Measure(looked.Oldest);
                break;
            case NotDone failed:
                _isExecuting &= failed.What != Signal.Execute;
                _isMeasuring &= failed.What != Signal.Measure;
                Fail(failed.Reason);
                break;
            case Trouble trouble:
                Fail(trouble.Reason);
                break;
            case Signal.Works:
                _isFailing = false;
                Publish(new OutboxEvents.OutboxWorks(access.Settings!.Place.Description));
                break;
            case Signal:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private static async Task<Looked> LookAsync(IOutbox outbox) => new(await outbox.LookAsync(), await outbox.OldestAsync());

    private void Begin(IOutbox outbox)
    {
        _outbox = outbox;
        var self = Self;
        outbox.Room.WhenFullChanges(what => self.Tell(new FullChanged(what)));
        Publish(new OutboxEvents.OutboxOpened(access.Settings!.Place.Description, outbox.Room.Deliveries, outbox.Room.Bytes));
        foreach (var damage in outbox.Damages.Take(MostDamages))
            Publish(new OutboxEvents.OutboxDamaged(damage));
        Timers.StartPeriodicTimer(Signal.Execute, Signal.Execute, CommandInterval);
        Timers.StartPeriodicTimer(Signal.Measure, Signal.Measure, TimeSpan.Zero, MeasureInterval);
        Timers.StartPeriodicTimer(Signal.Clean, Signal.Clean, TimeSpan.Zero, CleanInterval);
    }

    /// <summary>What an outbox holds.</summary>
    /// <param name="outbox">It.</param>
    /// <param name="oldest">When the oldest delivery came that waits.</param>
    public static OutboxEvents.OutboxMeasured Measured(IOutbox outbox, DateTime? oldest)
    {
        var lines = outbox.Room.Lines();
        return new OutboxEvents.OutboxMeasured(
            lines.Values.Sum(line => line.Waiting), lines.Values.Sum(line => line.SetAside), outbox.Room.Bytes, oldest,
            lines.ToDictionary(line => line.Key, line => line.Value.Waiting, StringComparer.Ordinal));
    }

    private void Measure(DateTime? oldest)
    {
        var measured = Measured(_outbox!, oldest);
        FindStranded(measured.Targets);
        if (measured with { Targets = _measured?.Targets ?? measured.Targets } == _measured)
            return;
        _measured = measured;
        Publish(measured);
    }

    private void Fail(string reason)
    {
        if (!_isFailing)
            Publish(new OutboxEvents.OutboxFailing(reason));
        _isFailing = true;
        Timers.StartSingleTimer(Signal.Works, Signal.Works, QuietBeforeWorks);
    }

    private void FindStranded(IReadOnlyDictionary<string, long> waiting)
    {
        // A line of which another node sends is heard there.
        if (access.Settings!.Place is StorePlace.InPostgres { IsShared: true })
            return;
        foreach (var target in _unheard.Keys.Where(target => waiting.GetValueOrDefault(target) == 0 || _outbox!.IsHeard(target)).ToList())
            _unheard.Remove(target);
        foreach (var (target, count) in waiting.Where(line => line.Value > 0 && !_outbox!.IsHeard(line.Key)))
        {
            if ((_unheard[target] = _unheard.GetValueOrDefault(target) + 1) == LooksUntilStranded)
                Publish(new OutboxEvents.OutboxStranded(target, count));
        }
    }

    private static void Publish(object happened) => Context.System.EventStream.Publish(happened);

    /// <summary>The outbox that is open stays open for the replacement.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
    }

    protected override void PostStop() => _ = access.CloseAsync();

    /// <summary>The store could not be read or written; whoever tells it tries again.</summary>
    internal sealed record Trouble(string Reason) : IDeadLetterSuppression;

    /// <summary>Targets whose lines have something to be sent; of a store that other processes have open too, each second.</summary>
    internal sealed record WorkWaits(IReadOnlyList<string> Targets) : IDeadLetterSuppression;

    private enum Signal
    {
        Execute,
        Executed,
        Clean,
        Cleaned,
        Measure,
        Works,
    }

    private sealed record Opened(IOutbox Outbox) : IDeadLetterSuppression;

    private sealed record NotOpened(string Reason) : IDeadLetterSuppression;

    private sealed record NotDone(Signal What, string Reason) : IDeadLetterSuppression;

    private sealed record FullChanged(string? What) : IDeadLetterSuppression;

    private sealed record Looked(IReadOnlyList<string> Waiting, DateTime? Oldest) : IDeadLetterSuppression;
}
