using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>
/// The line of a target in the outbox. It gives the sender, its child, a window of the line, and writes down what became of each.
/// <code>
///   the outbox ── the next of the line ──► window ── Deliver ──► sender
///       ▲                                                           │
///       └───── done, set aside, tried in vain ◄── outcome ──────────┘
/// </code>
/// A delivery leaves the window when its outcome is on the disk. After a crash of either, the line begins again where the outbox
/// says. Where other processes have the outbox too, this one sends from the raise of the target's epoch until another one
/// raises it; then the actor stops.
/// </summary>
internal sealed class LineActor : UntypedActor, IWithTimers
{
    // Payloads of a window that are in memory; a single one may be larger than the rest of it.
    private const long WindowBytes = 1 << 20;

    // A raw target has one connection at a time; the next deliveries are at hand while outcomes are written down.
    private const int RawWindow = 4;

    // A sender has twice the protocol's window at hand, and as many more hide the time that the disk takes.
    private const int Windows = 4;

    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

    private readonly TargetSettings _target;
    private readonly OutboxAccess _access;
    private readonly Func<TargetSettings, Props> _createSender;
    private readonly LineWindow _window;
    private readonly LineRecords _records = new();
    private IActorRef _sender = ActorRefs.Nobody;
    private IActorRef _intake = ActorRefs.Nobody;
    private IOutbox? _outbox;
    private LineSignal? _signal;
    private IDisposable? _listening;
    private long? _epoch;
    private bool _isFetching;
    private bool _isComparing;
    private bool _hasMore = true;
    private bool _isRearranged;
    private bool _draining;
    private bool _isSenderDrained;
    private bool _isIntakeDrained;

    public LineActor(TargetSettings target, OutboxAccess access, Func<TargetSettings, Props> createSender)
    {
        _access = access;
        _createSender = createSender;
        _window = new LineWindow(target.Protocol == Protocol.Deliveries ? Windows * target.Window : RawWindow);
        _target = target;
    }

    /// <param name="target">The target.</param>
    /// <param name="access">The outbox.</param>
    /// <param name="createSender">Makes the sender, with a new queue.</param>
    public static Props Props(TargetSettings target, OutboxAccess access, Func<TargetSettings, Props> createSender) =>
        PlainProps.Of(() => new LineActor(target, access, createSender));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void PreStart()
    {
        _sender = Context.ActorOf(_createSender(_target with { KeepTryingFor = _access.Settings?.GiveUpAfter ?? _target.GiveUpAfter, MaxQueued = _window.Size }), "sender");
        _intake = Context.ActorOf(LineIntakeActor.Props(_target, _access), "intake");
        _access.Opened.PipeTo(Self, success: opened => new Ready(opened.Outbox), failure: e => new NotReady(e.Message));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Ready ready:
                _outbox = ready.Outbox;
                _signal = new LineSignal(Self);
                _listening = _outbox.Listen(_target.Name, _signal.Raise);
                Fetch();
                break;
            case NotReady:
                // Whoever hands something over is told.
                break;
            case LineSignal:
                _hasMore = true;
                _isRearranged |= _signal!.Lower() == LineChange.Rearranged;
                Fetch();
                break;
            case TargetCommands.LookForMore:
                _hasMore = true;
                Fetch();
                break;
            case Begun begun:
                (_epoch, _isFetching) = (begun.Epoch, false);
                Fetch();
                ReportDrained();
                break;
            case Fetched fetched:
                Take(fetched);
                break;
            case Fenced:
                // Another process sends for the target. What the sender has under way is reset with its connection.
                Context.Stop(Self);
                break;
            case Deliveries.IOutcome outcome when Sender.Equals(_sender):
                Settle(outcome);
                break;
            case Deliveries.BackingOff failed when _window.Find(failed.Id) is { } delivery:
                _records.Add(new OutboxRecord.Tried(delivery, delivery.Attempts + failed.Attempt, failed.Kind.ToString(), failed.Reason, DateTime.UtcNow));
                Write();
                break;
            case Deliveries.Rejected rejected when Sender.Equals(_sender) && !HasId(rejected.Id) && _window.Settle(rejected.Id) is { } delivery:
                // It was stored when the target had another protocol.
                _records.Add(new OutboxRecord.SetAside(delivery, DeliveryState.Failed, delivery.Attempts, FailureKind.Protocol.ToString(), rejected.Reason, DateTime.UtcNow));
                Write();
                break;
            case Deliveries.Withdrawn withdrawn:
                _window.Remove(withdrawn.Id);
                break;
            case Written written:
                _records.Written();
                foreach (var id in written.Ended)
                    _window.Remove(id);
                _hasMore |= _window.IsBlocked;
                Write();
                Fetch();
                break;
            case StoreFailed failed:
                Fail(failed);
                break;
            case Signal.Again:
                Fetch();
                Write();
                break;
            case Deliveries.Retry:
                _sender.Forward(message);
                break;
            case Deliveries.Deliver or Deliveries.Cancel:
                _intake.Forward(message);
                break;
            case Deliveries.Drain or Deliveries.CutOff:
                _draining = true;
                _sender.Tell(message);
                _intake.Tell(message);
                break;
            case Deliveries.Drained:
                _isSenderDrained |= Sender.Equals(_sender);
                _isIntakeDrained |= Sender.Equals(_intake);
                ReportDrained();
                break;
            case Deliveries.BackingOff or Deliveries.IOutcome:
                // Of a delivery that was withdrawn meanwhile.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>
    /// Asks for the next deliveries of the line; or, after a person changed it, for its beginning. Not while outcomes are being
    /// written: a delivery that is done would be found once more.
    /// </summary>
    private void Fetch()
    {
        if (_outbox is null || _isFetching || _draining)
            return;
        if (_epoch is null)
        {
            _isFetching = true;
            _outbox.BeginSendingAsync(_target.Name).PipeTo(Self, success: epoch => new Begun(epoch), failure: e => new StoreFailed(e.Message, IsBeginning: false, IsOfFetch: true));
        }
        else if (_isRearranged && !_records.IsWriting)
        {
            (_isRearranged, _hasMore, _isFetching, _isComparing) = (false, true, true, true);
            FetchAsync(after: 0, _window.Size, long.MaxValue, isBeginning: true);
        }
        else if (!_isRearranged && _hasMore && _window.Room >= _window.Size / 2 && _window.Bytes < WindowBytes / 2)
        {
            (_hasMore, _isFetching) = (false, true);
            FetchAsync(_window.Last, _window.Room, WindowBytes - _window.Bytes, isBeginning: false);
        }
    }

    private void FetchAsync(long after, int most, long mostBytes, bool isBeginning) => _outbox!.NextAsync(_target.Name, after, most, mostBytes, _epoch!.Value)
        .PipeTo(Self, success: rows => new Fetched(rows, isBeginning), failure: e => WhyNot(e, isBeginning, isOfFetch: true));

    private static object WhyNot(Exception e, bool isBeginning, bool isOfFetch) => e is FencedException ? new Fenced() : new StoreFailed(e.Message, isBeginning, isOfFetch);

    private void Take(Fetched fetched)
    {
        (_isFetching, _isComparing) = (false, false);
        if (_draining)
        {
            Write();
            return;
        }

        if (fetched.IsBeginning)
        {
            foreach (var id in _window.Compare(fetched.Rows))
                _sender.Tell(new TargetCommands.Withdraw(id));
        }

        var now = DateTime.UtcNow;
        foreach (var delivery in _window.Take(fetched.Rows))
        {
            var age = now - delivery.Since;
            _sender.Tell(new Deliveries.Deliver(delivery.Id, _target.Name, delivery.Payload with { Name = delivery.Name })
            {
                Age = age > TimeSpan.Zero ? age : TimeSpan.Zero,
                AttemptsBefore = delivery.Attempts,
                Place = delivery.Number,
            });
        }

        if (fetched.IsBeginning)
            _sender.Tell(new TargetCommands.RetryNow());
        // Where some came, more may follow: an empty answer ends the line. Behind one that waits for a record, more is asked for with that.
        _hasMore |= fetched.Rows.Count > 0 && !_window.IsBlocked;
        Write();
        Fetch();
    }

    private void Settle(Deliveries.IOutcome outcome)
    {
        if (_window.Settle(outcome.Id) is not { } delivery)
            return;
        var attempts = delivery.Attempts + outcome.Report.Attempts;
        switch (outcome)
        {
            case Deliveries.Unconfirmed unconfirmed:
                _records.Add(new OutboxRecord.SetAside(delivery, DeliveryState.Unconfirmed, attempts, "Unconfirmed", unconfirmed.Reason, DateTime.UtcNow));
                break;
            case Deliveries.Failed failed:
                _records.Add(new OutboxRecord.SetAside(delivery, DeliveryState.Failed, attempts, failed.Kind.ToString(), failed.Reason, DateTime.UtcNow));
                break;
            default:
                _records.Add(new OutboxRecord.Done(delivery));
                break;
        }

        Write();
    }

    /// <summary>One write at a time; what ends meanwhile goes together.</summary>
    private void Write()
    {
        if (_outbox is not null && !_isComparing && (_draining || !_isRearranged) && _records.TakeBatch() is { } batch)
        {
            string[] ended = [.. batch.Where(record => record is not OutboxRecord.Tried).Select(record => record.Delivery.Id)];
            _outbox.RecordAsync(batch).PipeTo(Self, success: () => new Written(ended), failure: e => WhyNot(e, isBeginning: false, isOfFetch: false));
        }

        ReportDrained();
    }

    private void Fail(StoreFailed failed)
    {
        if (failed.IsOfFetch)
            (_isFetching, _isComparing, _hasMore, _isRearranged) = (false, false, true, _isRearranged | failed.IsBeginning);
        else
            _records.NotWritten();
        ReportDrained();
        Context.System.EventStream.Publish(new OutboxActor.Trouble(failed.Reason));
        Timers.StartSingleTimer(Signal.Again, Signal.Again, StoreRetryDelay);
    }

    private void ReportDrained()
    {
        // Raised afterwards, the epoch would stop whoever sends next.
        if (_draining && _isSenderDrained && _isIntakeDrained && _records.IsEmpty && !IsBeginning)
            Context.Parent.Tell(new Deliveries.Drained());
    }

    /// <summary>Whether the target's protocol has such ids.</summary>
    private bool HasId(string id) => _target.Protocol != Protocol.Deliveries || DeliveryId.IsValid(id);

    private bool IsBeginning => _isFetching && _epoch is null;

    protected override void PostStop() => _listening?.Dispose();

    private enum Signal
    {
        Again,
    }

    private sealed record Ready(IOutbox Outbox) : IDeadLetterSuppression;

    private sealed record NotReady(string Reason) : IDeadLetterSuppression;

    private sealed record Begun(long Epoch) : IDeadLetterSuppression;

    private sealed record Fenced : IDeadLetterSuppression;

    private sealed record Fetched(IReadOnlyList<StoredDelivery> Rows, bool IsBeginning) : IDeadLetterSuppression;

    private sealed record Written(IReadOnlyList<string> Ended) : IDeadLetterSuppression;

    private sealed record StoreFailed(string Reason, bool IsBeginning, bool IsOfFetch) : IDeadLetterSuppression;
}
