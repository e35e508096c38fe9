using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Servers.Arrivals;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Servers;

/// <summary>
/// One accepted connection of the deliveries protocol. It reads on when what it has read is taken; deliveries that have come whole
/// are stored side by side meanwhile, and answers go out meanwhile.
/// <code>
///   Receiving ── the peer's FIN between deliveries, and all is answered ─────────────────────────────────► Completed
///       │
///       ├── a drain or the idle-timeout between deliveries ───────────────────┐  our end
///       ├── the peer breaks the protocol ──► Finishing ── all is answered ────┴─────────► Lingering ──► Completed, BrokenOff
///       │                                                                             the peer's FIN, or 5 s
///       └── reset, cut off, idle or slow inside a delivery, a newer connection with a delivery of this one
///             ──► a reset to the peer, Settling ── what came is kept, what came whole is stored ──► BrokenOff
/// </code>
/// </summary>
internal sealed class DeliveriesReceiverActor : UntypedActor, IWithTimers
{
    // A peer's bytes that arrive behind our close would reset our last answers away.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private readonly ServerSettings _server;
    private readonly Connection _connection;
    private readonly Intake _intake;
    private readonly Conversation _conversation;
    private ReceivedChunk? _chunk;
    private bool _isReading;
    private bool _isSending;
    private bool _hasPeerEnded;
    private bool _ended;

    public DeliveriesReceiverActor(ServerSettings server, Connection connection, IArrivals arrivals)
    {
        (_server, _connection) = (server, connection);
        _intake = new Intake(server, connection, Context);
        _conversation = new Conversation(server, connection, arrivals, Context);
    }

    public static Props Props(ServerSettings server, Connection connection, IArrivals arrivals) =>
        PlainProps.Of(() => new DeliveriesReceiverActor(server, connection, arrivals));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        _intake.Begin(Timers);
        GoOn();
    }

    protected override void OnReceive(object message) => Receiving(message);

    private void Receiving(object message)
    {
        switch (message)
        {
            case Intake.Received { Chunk: null }:
                (_isReading, _hasPeerEnded) = (false, true);
                GoOn();
                break;
            case Intake.Received { Chunk: { } chunk } when IsTooSlow(chunk.Bytes.Length):
                BreakOff(_intake.SlowReason);
                break;
            case Intake.Check.Rate when IsTooSlow(0):
                BreakOff(_intake.SlowReason);
                break;
            case Intake.Received { Chunk: { } chunk }:
                (_isReading, _chunk) = (false, chunk);
                _intake.Took(chunk);
                // It is still the peer's turn when it has answers to read.
                if (_isSending)
                    _intake.Waiting(Now);
                _conversation.Add(chunk.Bytes);
                GoOn();
                break;
            case Intake.Check.Idle when _conversation is { MayEnd: true, IsSettled: true } && !_isSending:
                if (IsIdle())
                    Finish();
                break;
            case ServerEvents.Drain:
                _conversation.IsDraining = true;
                GoOn();
                break;
            case Signal.ReadOn:
                GoOn();
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Finishing(object message)
    {
        if (message is Intake.Received received)
        {
            _isReading = false;
            received.Chunk?.Release();
        }
        else
        {
            AnyTime(message);
        }
    }

    private void Lingering(object message)
    {
        switch (message)
        {
            case Intake.Received { Chunk: { } chunk }:
                chunk.Release();
                _intake.Read(Now);
                break;
            case Intake.Received or Intake.Broken or Signal.LingeredOn or ServerEvents.CutOff:
                Close();
                break;
            default:
                LetPass(message);
                break;
        }
    }

    private void Settling(object message)
    {
        if (message is Conversation.Stepped stepped)
            _conversation.Hear(stepped, Now);
        else
            LetPass(message);
        if (_conversation.IsSettled)
            End();
    }

    private void AnyTime(object message)
    {
        switch (message)
        {
            case Conversation.Stepped stepped:
                _conversation.Hear(stepped, Now);
                GoOn();
                break;
            case Signal.Sent:
                _isSending = false;
                GoOn();
                break;
            case Conversation.Evicted evicted:
                BreakOff($"a newer connection brings {evicted.Id}");
                break;
            case Intake.Broken broken:
                BreakOff(broken.Reason);
                break;
            case ServerEvents.CutOff:
                BreakOff("the server was stopped");
                break;
            // Behind its FIN there is nothing to read that would tell.
            case Intake.Check.Idle when _hasPeerEnded && _connection.IsReset:
                BreakOff("the client has gone");
                break;
            case Intake.Check.Idle when IsIdle():
                BreakOff(_intake.IdleReason);
                break;
            default:
                LetPass(message);
                break;
        }
    }

    private void LetPass(object message)
    {
        switch (message)
        {
            case Status.Failure crash:
                throw crash.Cause;
            case Intake.Received received:
                received.Chunk?.Release();
                break;
            case Signal or Intake.Check or Intake.Broken or Conversation.Stepped or Conversation.Evicted or ServerEvents.ICommand:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Takes what has come as far as possible, sends what there is to send, and reads when all is taken.</summary>
    private void GoOn()
    {
        do
        {
            _conversation.GoOn(Now);
            Send();
        }
        while (!_isSending && _conversation.CanGoOn);

        if (_conversation.Broken is not null)
            Become(Finishing);
        if (_conversation.NeedsInput)
            ReadOn();
        if (_conversation.IsSettled && !_isSending && (_conversation.Broken is not null || (_conversation.MayEnd && (_hasPeerEnded || _conversation.IsDraining))))
            Finish();
        else if (_hasPeerEnded && _conversation is { Broken: null, MayEnd: false, IsPaused: false })
            BreakOff("the client's FIN came inside a delivery");
    }

    private void ReadOn()
    {
        if (_chunk is not null)
        {
            _chunk.Release();
            _chunk = null;
            if (_server.ProcessingDelay > TimeSpan.Zero)
                Timers.StartSingleTimer(Signal.ReadOn, Signal.ReadOn, _server.ProcessingDelay);
        }

        if (!_isReading && !_hasPeerEnded && _conversation.Broken is null && !Timers.IsTimerActive(Signal.ReadOn))
            Read();
    }

    private void Read()
    {
        _isReading = true;
        _intake.Read(Now);
    }

    /// <summary>One write at a time; what is answered meanwhile goes out together.</summary>
    private void Send()
    {
        if (_isSending || _conversation.TakeOutput() is not { IsEmpty: false } output)
            return;

        var sending = SendAsync(_connection, output);
        if (sending.IsCompletedSuccessfully)
            return;
        _isSending = true;
        _intake.Waiting(Now);
        sending.AsTask().PipeTo(Self, success: () => Signal.Sent, failure: e => new Intake.Broken(e.Message));

        static async ValueTask SendAsync(Connection connection, ReadOnlyMemory<byte> output)
        {
            while (!output.IsEmpty)
                output = output[await connection.SendAsync(output)..];
        }
    }

    /// <summary>A client that waits for us is not idle, and neither is one that reads our answers slowly.</summary>
    private bool IsIdle()
    {
        if (_isSending || !_conversation.OwesAnswers)
            return _intake.IsIdle();
        _intake.Moved();
        _intake.Waiting(Now);
        return false;
    }

    /// <summary>Between deliveries, a client may be silent.</summary>
    private bool IsTooSlow(int bytes)
    {
        if (_isSending || _conversation.MayEnd || _conversation.OwesAnswers)
            _intake.Waiting(Now);
        return _intake.IsTooSlow(Now, bytes);
    }

    private void Finish()
    {
        if (_hasPeerEnded)
        {
            Close();
            return;
        }

        Become(Lingering);
        Timers.StartSingleTimer(Signal.LingeredOn, Signal.LingeredOn, Linger);
        _connection.FinishAsync().AsTask().PipeTo(Self, success: _ => Signal.Finished, failure: e => new Intake.Broken(e.Message));
        if (!_isReading)
            Read();
    }

    private void Close()
    {
        _connection.Close();
        End();
    }

    private void BreakOff(string reason)
    {
        Timers.CancelAll();
        _connection.Abort();
        Become(Settling);
        _conversation.BreakOff(reason, Now);
        Self.Tell(Signal.Settle);
    }

    private void End()
    {
        _ended = true;
        Publish(_conversation.Broken is { } reason
            ? new ServerEvents.BrokenOff(_server.Name, _connection.Peer, _intake.Bytes, reason, null)
            : new ServerEvents.Completed(_server.Name, _connection.Peer, _intake.Bytes, _intake.Elapsed(Now), null, null));
        Become(LetPass);
        Context.Stop(Self);
    }

    private static void Publish(ServerEvents.IServerEvent happened) => Context.System.EventStream.Publish(happened);

    protected override void PostStop()
    {
        // Nothing to a connection that is closed; a reset to one that is not.
        _connection.Abort();
        if (_ended)
            return;
        _conversation.BreakOff("the receiver was stopped or crashed", Now);
        Publish(new ServerEvents.BrokenOff(_server.Name, _connection.Peer, _intake.Bytes, _conversation.Broken!, null));
    }

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        ReadOn,
        Sent,
        Finished,
        LingeredOn,
        Settle,
    }
}
