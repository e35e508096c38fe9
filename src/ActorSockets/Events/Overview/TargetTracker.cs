namespace ActorSockets.Events.Overview;

/// <summary>What the events of one target add up to.</summary>
internal sealed class TargetTracker(string name, string endpoint, Phase phase)
{
    private readonly ByteRate _rate = new();
    private Phase _phase = phase;
    private TimeSpan _phaseAt;
    private TimeSpan _delay;
    private TimeSpan? _troubleAt;
    private string _reason = "";
    private string _id = "";
    private int _attempt;
    private long _taken;
    private long _length;
    private long _waiting;
    private (FailureKind? Kind, string Reason, TimeSpan At)? _failure;

    // Bytes of deliveries that have ended, and of this delivery's earlier attempts.
    private long _bytesBefore;
    private long _takenBefore;
    private long _delivered;
    private long _sent;
    private long _unconfirmed;
    private long _rejected;
    private long _attempts;
    private TimeSpan _blocked;
    private readonly Tally<FailureKind> _failed = new();
    private readonly Tally<FailureKind> _attemptsFailed = new();

    private bool IsUnderWay => _phase is > Phase.Waiting and < Phase.Delivered;

    public void Add(Deliveries.IDeliveryEvent happened, TimeSpan now)
    {
        switch (happened)
        {
            case Deliveries.Queued e:
                _waiting = e.Waiting;
                break;
            case Deliveries.Connecting e:
                Connecting(e, now);
                break;
            case Deliveries.Connected e:
                Enter(Phase.Sending, now);
                _length = e.Length ?? 0;
                break;
            case Deliveries.Resumed e:
                _taken = e.Offset;
                break;
            case Deliveries.Progressed e:
                _taken = e.Taken;
                _troubleAt = null;
                break;
            case Deliveries.Blocked e:
                Enter(Phase.Blocked, now - e.Since);
                _taken = e.Taken;
                _troubleAt ??= now - e.Since;
                break;
            case Deliveries.Unblocked:
                Enter(Phase.Sending, now);
                _troubleAt = null;
                break;
            case Deliveries.Confirming:
                Enter(Phase.Confirming, now);
                _taken = _length;
                _troubleAt = null;
                break;
            case Deliveries.BackingOff e:
                Enter(Phase.BackingOff, now, e.Reason);
                _taken = e.Taken;
                _delay = e.Delay;
                _attemptsFailed.Add(e.Kind);
                Failed(e.Kind, e.Reason, now);
                break;
            case Deliveries.Rejected e:
                _rejected++;
                if (!IsUnderWay)
                    Enter(Phase.Rejected, now, e.Reason);
                Failed(null, e.Reason, now);
                break;
            case Deliveries.Withdrawn e when IsUnderWay && e.Id == _id:
                Enter(Phase.Idle, now);
                break;
            case Deliveries.IOutcome e:
                End(e, now);
                break;
        }
    }

    /// <summary>So many deliveries wait in the outbox.</summary>
    public void Waits(long waiting) => _waiting = Math.Max(0, waiting - (IsUnderWay ? 1 : 0));

    public TargetSnapshot At(TimeSpan now)
    {
        var since = _phase switch
        {
            Phase.BackingOff => _phaseAt + _delay - now,
            > Phase.Confirming => _phaseAt,
            _ => now - _phaseAt,
        };
        var rate = _rate.At(_taken, now);
        return new TargetSnapshot(
            name, endpoint, _phase, since > TimeSpan.Zero ? since : TimeSpan.Zero, _reason, Trouble(now), _id, _attempt, _taken, _length,
            IsUnderWay ? rate : 0, _waiting, _failure is { } failure ? new Failure(failure.Kind, failure.Reason, now - failure.At) : null,
            new TargetTotals(_delivered, _sent, _unconfirmed, _failed.Counts, _rejected, _attempts, _attemptsFailed.Counts,
                _bytesBefore + (IsUnderWay ? _takenBefore + _taken : 0), _blocked));
    }

    private TimeSpan Trouble(TimeSpan now) =>
        _troubleAt is not { } at ? TimeSpan.Zero : now > at ? now - at : TimeSpan.FromTicks(1);

    private void Connecting(Deliveries.Connecting e, TimeSpan now)
    {
        if (!IsUnderWay || e.Id != _id)
        {
            // It was the first in the queue.
            _waiting = Math.Max(0, _waiting - 1);
            (_id, _takenBefore, _taken, _length) = (e.Id, 0, 0, 0);
        }

        _takenBefore += _taken;
        (_taken, _attempt) = (0, e.Attempt);
        _attempts++;
        Enter(Phase.Connecting, now);
    }

    private void End(Deliveries.IOutcome outcome, TimeSpan now)
    {
        var (ended, reason, kind) = outcome switch
        {
            Deliveries.Delivered => (Phase.Delivered, "", (FailureKind?)null),
            Deliveries.Sent => (Phase.Sent, "", null),
            Deliveries.Unconfirmed e => (Phase.Unconfirmed, e.Reason, null),
            Deliveries.Failed e => (Phase.Failed, e.Reason, e.Kind),
            _ => (Phase.Failed, "", FailureKind.Internal),
        };
        Count(ended, kind);
        var report = outcome.Report;
        _bytesBefore += report.TakenBefore + report.Taken;
        _blocked += report.Blocked;
        if (IsUnderWay && outcome.Id != _id)
        {
            // It ended in the queue.
            _waiting = Math.Max(0, _waiting - 1);
            return;
        }

        Enter(ended, report.Elapsed, reason);
        (_id, _taken, _length, _takenBefore) = (outcome.Id, report.Taken, report.Length ?? 0, 0);
        if (ended is Phase.Delivered or Phase.Sent || kind == FailureKind.Cancelled)
            _troubleAt = null;
        else
            Failed(kind, reason, now);
    }

    private void Count(Phase ended, FailureKind? kind)
    {
        _delivered += ended == Phase.Delivered ? 1 : 0;
        _sent += ended == Phase.Sent ? 1 : 0;
        _unconfirmed += ended == Phase.Unconfirmed ? 1 : 0;
        if (kind is { } failed)
            _failed.Add(failed);
    }

    private void Failed(FailureKind? kind, string reason, TimeSpan now)
    {
        _failure = (kind, reason, now);
        _troubleAt ??= now;
    }

    private void Enter(Phase phase, TimeSpan at, string reason = "") => (_phase, _phaseAt, _reason) = (phase, at, reason);
}
