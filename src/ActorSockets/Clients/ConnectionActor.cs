using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Platform;
using ActorSockets.Protocols.Raw;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>
/// One attempt: one payload over one connection. It tells its parent how it goes, and, last, how it ended
/// (<see cref="Attempt"/>); its death resets what is still open.
/// <code>
///  Waiting ── Entered ──► Opening ── the payload ──► Connecting ── connected ──► Sending ── last byte taken ──► Confirming
///                            │                          │                        │  ▲ Retry                      │
///                            └── unreadable             └── refused, too late    └──┘ the kernel has room         │
///                                     │                        │                 │ reset, busy, unreadable        │ the peer's end, a
///                                     ▼                        ▼                 ▼                                ▼ reset, too late
///                                   Ended ◄─────────────────────────────────────────────────────────────────────┘
/// </code>
/// <see cref="Approach"/> leads from Waiting to Sending, <see cref="BusyWatch"/> tells when nothing is taken for long.
/// The kernel is offered one chunk while the next one is being read: two buffers are all the memory that an attempt holds.
/// What it does not take at once waits for a <see cref="Retry"/> message, which comes when there is room again.
/// </summary>
internal sealed class ConnectionActor : UntypedActor, IWithTimers
{
    private readonly TargetSettings _target;
    private readonly Payload _payload;
    private readonly Approach _approach;
    private readonly BusyWatch _busy;
    private readonly Confirmation _confirmation;
    private readonly CancellationTokenSource _ended = new();
    private readonly byte[] _answer = new byte[Receipt.MaxLength + 1];
    private Task<Stream>? _opening;
    private Task _reading = Task.CompletedTask;
    private bool _hasHeard;

    public ConnectionActor(TargetSettings target, Payload payload, int attempt, IActorRef gate, IConnector connector)
    {
        _target = target;
        _payload = payload;
        _approach = new Approach(target, attempt, gate, connector, Self);
        _busy = new BusyWatch(target, Context.Parent);
        _confirmation = new Confirmation(target.Confirm, target.Digest);
    }

    public static Props Props(TargetSettings target, Payload payload, int attempt, IActorRef gate, IConnector connector) =>
        PlainProps.Of(() => new ConnectionActor(target, payload, attempt, gate, connector));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    private string Peer => _approach.Peer;

    protected override void PreStart() => _approach.Enter();

    protected override void OnReceive(object message) => Waiting(message);

    private void Waiting(object message)
    {
        if (message is not ConnectGate.Entered)
        {
            Unhandled(message);
            return;
        }

        _approach.Begin(Timers);
        _opening = _payload.OpenAsync();
        Preparation.OpenAsync(_opening).PipeTo(Self);
        Become(Opening);
    }

    private void Opening(object message)
    {
        switch (message)
        {
            case Stream bytes:
                Context.Parent.Tell(new Attempt.Opened(bytes is IGrowing ? null : bytes.Length));
                _approach.Connect();
                Become(m => Connecting(m, bytes));
                break;
            case Attempt.Ending ending:
                End(ending);
                break;
            case Approach.Signal.Deadline:
                End(new Attempt.Lost(FailureKind.Payload, $"{_payload.Description} did not open within {Durations.Format(_target.ConnectTimeout)} (connect-timeout)"));
                break;
            default:
                Approaching(message);
                break;
        }
    }

    private void Connecting(object message, Stream bytes)
    {
        Approaching(message);
        if (_approach.Connection is { } connection)
            Establish(connection, bytes);
    }

    private void Approaching(object message)
    {
        if (!_approach.TryHandle(message, Timers, out var ending))
            Unhandled(message);
        else if (ending is not null)
            End(ending);
    }

    private void Establish(Connection connection, Stream bytes)
    {
        Timers.CancelAll();
        Context.Parent.Tell(new Attempt.Established(connection.Peer, connection.Identity));
        var transfer = new Transfer(connection, new ChunkSource(bytes, _target.Chunk.AtRate(_target.MaxSendRate)), new SendRate(_target.MaxSendRate));
        // One read is always open: nothing else tells of a reset.
        Listen();
        Become(m => Sending(m, transfer));
        Continue(transfer);
    }

    private void Sending(object message, Transfer transfer)
    {
        switch (message)
        {
            case Chunk chunk:
                if (Accept(chunk, transfer))
                    Continue(transfer);
                break;
            case ReadFailed failed:
                End(new Attempt.Hopeless(FailureKind.Payload, failed.Reason));
                break;
            case Retry retry:
                Took(retry.Taken, transfer);
                Continue(transfer);
                break;
            case Signal.Continue:
                Continue(transfer);
                break;
            case Checked { Change: { } change }:
                End(new Attempt.Hopeless(FailureKind.Payload, change));
                break;
            case Checked:
                Confirm(transfer);
                break;
            case BusyWatch.Check check:
                if (_busy.Handle(check, transfer.IsOffering ? transfer.WaitingSince : null, Now, Timers) is { } ending)
                    End(ending);
                break;
            case Heard { Count: 0 }:
                // A half-close: the peer has nothing to say and may well go on reading.
                _confirmation.PeerClosedFirst = _confirmation.PeerClosed = true;
                break;
            case Broken broken:
                End(new Attempt.Lost(FailureKind.ConnectionLost, $"{Peer}: {broken.Reason}"));
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Confirming(object message, Transfer transfer, AcknowledgementWatch watch)
    {
        switch (message)
        {
            case Finished finished:
                _confirmation.PeerClosedFirst |= !finished.PeerListened;
                _confirmation.WeFinished = true;
                Judge();
                break;
            case Heard { Count: 0 }:
                _confirmation.PeerClosed = true;
                _confirmation.PeerClosedFirst |= transfer.Connection.PeerEndedFirst;
                Judge();
                break;
            case Broken or Signal.Deadline when _confirmation.HasRightReceipt():
                EndQuietly(new Attempt.Confirmed());
                break;
            case Broken broken:
                End(new Attempt.Lost(FailureKind.ConnectionLost, $"{Peer}: {broken.Reason}"));
                break;
            case Signal.Deadline:
                Look(transfer, watch);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void AnyTime(object message)
    {
        switch (message)
        {
            case Heard heard when _target.Tls is null && !_hasHeard && ForeignProtocol.LooksLikeAlert(_answer.AsSpan(0, heard.Count)):
                End(new Attempt.Lost(FailureKind.Tls, $"{Peer} speaks TLS, and this target does not (tls.enabled)"));
                break;
            case Heard heard:
                _hasHeard = true;
                _confirmation.Heard(_answer.AsSpan(0, heard.Count));
                if (_confirmation.SpeaksDeliveries())
                    End(new Attempt.Hopeless(FailureKind.Protocol, $"{Peer} speaks the deliveries protocol: needs protocol = deliveries, or another port"));
                else
                    Listen();
                break;
            case Signal or Approach.Signal or BusyWatch.Check:
                // A timer of a state that is over.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Offers what is ready, reads ahead, and goes on to confirm after the last byte.</summary>
    private void Continue(Transfer transfer)
    {
        if (!IsAheadOfRate(transfer) && transfer.TryNext(Now))
        {
            _busy.Offering(Timers);
            Offer(transfer);
        }

        if (transfer.Chunks.WantsToRead)
            ReadNext(transfer);
        else if (!transfer.IsOffering && transfer.Chunks.IsDone)
            Check(transfer);
    }

    private bool IsAheadOfRate(Transfer transfer)
    {
        var wait = transfer.RateWait(Now);
        if (wait > TimeSpan.Zero)
            Timers.StartSingleTimer(Signal.Continue, Signal.Continue, wait);
        return wait > TimeSpan.Zero;
    }

    private void Offer(Transfer transfer)
    {
        var offering = transfer.OfferAsync();
        if (!offering.IsCompletedSuccessfully)
            offering.AsTask().PipeTo(Self, success: taken => new Retry(taken), failure: e => new Broken(e.Message));
        else
            // By way of the mailbox, so that a quick peer leaves time for others.
            Self.Tell(new Retry(offering.Result));
    }

    private void Took(int count, Transfer transfer)
    {
        var whole = transfer.Took(count, Now);
        _busy.Took(Timers);
        Context.Parent.Tell(new Attempt.Progressed(transfer.Taken));
        if (!whole)
            Offer(transfer);
    }

    private void ReadNext(Transfer transfer)
    {
        var reading = transfer.Chunks.ReadAsync(_ended.Token);
        if (reading.IsCompletedSuccessfully)
        {
            // In memory already: by way of the mailbox, likewise.
            Self.Tell(reading.Result);
            return;
        }

        var task = reading.AsTask();
        _reading = task;
        task.PipeTo(Self, failure: e => new ReadFailed(Preparation.Reason(e, _payload)));
    }

    private bool Accept(Chunk chunk, Transfer transfer)
    {
        _confirmation.Sending(chunk.Bytes);
        if (transfer.Chunks.TryAccept(chunk))
            return true;
        End(new Attempt.Hopeless(FailureKind.Payload, $"{_payload.Description} became shorter while it was being sent: {transfer.Chunks.Read} of {transfer.Chunks.Length} B"));
        return false;
    }

    /// <summary>The end is not sent before it is known that the bytes are those of one moment.</summary>
    private void Check(Transfer transfer)
    {
        Timers.CancelAll();
        transfer.Chunks.CheckAsync().PipeTo(Self, success: change => new Checked(change), failure: e => new Checked($"{_payload.Description} cannot be read: {e.Message}"));
    }

    private void Confirm(Transfer transfer)
    {
        var watch = new AcknowledgementWatch(_target);
        Become(m => Confirming(m, transfer, watch));
        var finishing = transfer.Connection.FinishAsync().AsTask();
        if (_target.Confirm == Events.Confirm.None)
        {
            // Whatever comes of it, nobody asked.
            _ = finishing.Exception;
            EndQuietly(new Attempt.Confirmed());
            return;
        }

        finishing.PipeTo(Self, success: listened => new Finished(listened), failure: e => new Broken(e.Message));
        Look(transfer, watch);
    }

    private void Look(Transfer transfer, AcknowledgementWatch watch)
    {
        var (moved, arrived, tooLate) = watch.Look(transfer.Connection.Acknowledged());
        if (moved)
            Context.Parent.Tell(new Attempt.Progressed(transfer.Taken));
        if (arrived)
            Context.Parent.Tell(new Attempt.Confirming());
        if (tooLate)
            // Everything is at the peer's kernel and our end behind it: closing takes nothing from a slow reader.
            EndQuietly(new Attempt.Unconfirmed($"{Peer} did not close within {Durations.Format(_target.ConfirmTimeout)} of receiving everything (confirm-timeout)"));
        else
            Timers.StartSingleTimer(Signal.Deadline, Signal.Deadline, watch.Interval);
    }

    private void Judge()
    {
        if (_confirmation is { WeFinished: true, PeerClosed: true })
            EndQuietly(_confirmation.Judge(Peer));
    }

    private void Listen() =>
        _approach.Connection!.ReceiveAsync(_answer).AsTask().PipeTo(Self, success: count => new Heard(count), failure: e => new Broken(e.Message));

    private void EndQuietly(Attempt.Ending ending)
    {
        // What the peer sent back and was wrong leaves nothing to deliver.
        if (ending is not Attempt.Lost)
            _approach.Connection!.Close();
        End(ending);
    }

    private void End(Attempt.Ending ending)
    {
        Context.Parent.Tell(new Attempt.Ended(ending));
        Become(_ => { });
        Context.Stop(Self);
    }

    protected override void PostStop()
    {
        _ended.Cancel();
        _ended.Dispose();
        _confirmation.Dispose();
        _approach.Dispose();
        _ = Preparation.CloseAsync(_opening, _reading);
        // Buffers that are being written or read, or wait, are not pooled: the collector takes them when nobody needs them.
    }

    /// <summary>The kernel had room again and took some of what it was offered: the rest is offered again.</summary>
    private sealed record Retry(int Taken) : IDeadLetterSuppression;

    /// <summary>Everything is sent; what has changed about the payload meanwhile.</summary>
    private sealed record Checked(string? Change) : IDeadLetterSuppression;

    private sealed record Heard(int Count) : IDeadLetterSuppression;

    private sealed record Finished(bool PeerListened) : IDeadLetterSuppression;

    private sealed record Broken(string Reason) : IDeadLetterSuppression;

    private sealed record ReadFailed(string Reason) : IDeadLetterSuppression;

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        Continue,
        Deadline,
    }
}
