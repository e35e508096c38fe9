using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Protocols.Raw;
using ActorSockets.Servers.Sinks;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Servers;

/// <summary>
/// One accepted connection, feeding one sink. The next read begins when the sink has room.
/// <code>
///   Receiving ── a chunk ──► Storing ── the sink has it ──► Replying (echo) ── the kernel took the answer ──┐
///       ▲ │                                └───────────────────────────────────────────────────────────────┤
///       │ │ the peer's end                                                       processing-delay is over   │
///       └─┼────────────────────────────────────────────────────────────────────────────────────────────────┘
///         ▼
///   Completing ── the sink has all, for good ──► SendingReceipt ──► our end ──► Completed, or ReceiptLost
///
///   Receiving ── cut.after is over ──► Cutting ── the file is whole ──► Receiving
///
///   reset, sink failed, idle, too slow, cut off ──► a reset to the peer, Settling ── the sink has kept what came ──► BrokenOff
/// </code>
/// </summary>
internal sealed class ReceiverActor : UntypedActor, IWithTimers
{
    private readonly ServerSettings _server;
    private readonly Connection _connection;
    private readonly Intake _intake;
    private readonly SinkFeed _feed;
    private readonly CutWatch _cuts;
    private ReceivedChunk? _chunk;
    private Receipt? _receipt;
    private bool _ended;

    public ReceiverActor(ServerSettings server, Connection connection, FileStore store, SinkSource createSink)
    {
        _server = server;
        _connection = connection;
        _intake = new Intake(server, connection, Context);
        var sink = createSink(server, connection.Peer, store, delivery: null);
        _feed = new SinkFeed(sink, server.Receipt ? new ReceivedDigest(server.Digest) : null, Self);
        _cuts = new CutWatch(server, connection.Peer, sink, Context.System.EventStream);
    }

    public static Props Props(ServerSettings server, Connection connection, FileStore store, SinkSource createSink) =>
        PlainProps.Of(() => new ReceiverActor(server, connection, store, createSink));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        _intake.Begin(Timers);
        _intake.Read(Now);
    }

    protected override void OnReceive(object message) => Receiving(message);

    private void Receiving(object message)
    {
        switch (message)
        {
            case Intake.Received { Chunk: null }:
                Complete();
                break;
            case Intake.Received { Chunk: { } chunk } when _intake.IsTooSlow(Now, chunk.Bytes.Length):
                BreakOff(_intake.SlowReason);
                break;
            case Intake.Check.Rate when _intake.IsTooSlow(Now, 0):
                BreakOff(_intake.SlowReason);
                break;
            case Intake.Received { Chunk: { } chunk }:
                Store(chunk);
                break;
            case Signal.ReadOn:
                _intake.Read(Now);
                break;
            case CutWatch.Due:
                Cut();
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Storing(object message)
    {
        switch (message)
        {
            case SinkFeed.Stored stored:
                Answer(stored.Reply);
                break;
            case CutWatch.Due:
                _cuts.IsDue = true;
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    /// <summary>The network goes on meanwhile.</summary>
    private void Cutting(object message, object? next)
    {
        switch (message)
        {
            case SinkFeed.Stored:
                _cuts.Look(Timers);
                Become(Receiving);
                if (next is not null)
                    Receiving(next);
                break;
            case Intake.Received or Signal.ReadOn:
                // One of them, and once: it asks for the next one.
                Become(m => Cutting(m, message));
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Replying(object message)
    {
        if (message is Signal.ReplyTaken)
            AskForMore();
        else
            AnyTime(message);
    }

    private void Completing(object message)
    {
        switch (message)
        {
            case SinkFeed.Stored when _feed.Digest() is { } digest:
                _receipt = new Receipt(_intake.Bytes, digest);
                Become(SendingReceipt);
                Reply(_receipt.ToBytes());
                break;
            case SinkFeed.Stored:
                Completed();
                break;
            case ServerEvents.CutOff:
                // Everything has come: what is left is up to the sink.
                break;
            case Intake.Check.Idle when _connection.IsReset:
                _feed.StopWaiting();
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void SendingReceipt(object message)
    {
        switch (message)
        {
            case Signal.ReplyTaken:
                Completed();
                break;
            case Intake.Broken broken:
                LoseReceipt(broken.Reason);
                break;
            case ServerEvents.CutOff:
                LoseReceipt("the server was stopped");
                break;
            case Intake.Check.Idle when _intake.IsIdle():
                LoseReceipt(_intake.IdleReason);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Settling(object message, string reason)
    {
        if (message is SinkFeed.Settled settled)
            End(new ServerEvents.BrokenOff(_server.Name, _connection.Peer, _intake.Bytes,
                settled.Failure is null ? reason : $"{reason}; and what was received is lost: {settled.Failure}", settled.KeptAs));
        else
            LetPass(message);
    }

    private void AnyTime(object message)
    {
        switch (message)
        {
            case SinkFeed.Failed failed:
                BreakOff($"the {_server.Sink} sink failed: {failed.Reason}");
                break;
            case Intake.Broken broken:
                BreakOff(broken.Reason);
                break;
            case ServerEvents.CutOff:
                BreakOff("the server was stopped");
                break;
            case Intake.Check.Idle when _intake.IsIdle():
                BreakOff(_intake.IdleReason);
                break;
            default:
                LetPass(message);
                break;
        }
    }

    /// <summary>Checks of a peer that moves, or whose turn it is not; and what comes of a connection that is reset.</summary>
    private void LetPass(object message)
    {
        if (message is not (Signal or CutWatch.Due or Intake.Check or Intake.Broken or Intake.Received or SinkFeed.Stored or SinkFeed.Failed or ServerEvents.ICommand))
            Unhandled(message);
    }

    private void Store(ReceivedChunk chunk)
    {
        _intake.Took(chunk);
        _chunk = chunk;
        Become(Storing);
        if (_feed.TryStore(chunk, out var reply))
            Answer(reply);
    }

    private void Cut()
    {
        _cuts.IsDue = false;
        Become(m => Cutting(m, next: null));
        _feed.Cut();
    }

    private void Complete()
    {
        _intake.Moved();
        Become(Completing);
        _feed.Complete();
    }

    private void Answer(ReadOnlyMemory<byte> reply)
    {
        _cuts.Look(Timers);
        if (reply.IsEmpty)
        {
            AskForMore();
            return;
        }

        Become(Replying);
        Reply(reply);
    }

    private void Reply(ReadOnlyMemory<byte> reply)
    {
        _intake.Waiting(Now);
        SendAsync(_connection, reply).PipeTo(Self, success: () => Signal.ReplyTaken, failure: e => new Intake.Broken(e.Message));

        static async Task SendAsync(Connection connection, ReadOnlyMemory<byte> reply)
        {
            while (!reply.IsEmpty)
                reply = reply[await connection.SendAsync(reply)..];
        }
    }

    private void AskForMore()
    {
        _intake.Moved();
        _chunk!.Release();
        _chunk = null;
        Become(Receiving);
        if (_server.ProcessingDelay > TimeSpan.Zero)
            Timers.StartSingleTimer(Signal.ReadOn, Signal.ReadOn, _server.ProcessingDelay);
        else
            _intake.Read(Now);
        if (_cuts.IsDue)
            Cut();
    }

    private void Completed()
    {
        _connection.Close();
        End(new ServerEvents.Completed(_server.Name, _connection.Peer, _intake.Bytes, _intake.Elapsed(Now), _feed.StoredAs, _receipt?.Digest.ToString()));
    }

    private void LoseReceipt(string reason) =>
        End(new ServerEvents.ReceiptLost(_server.Name, _connection.Peer, _intake.Bytes, _intake.Elapsed(Now), _feed.StoredAs, _receipt?.Digest.ToString(), reason));

    private void BreakOff(string reason)
    {
        Timers.CancelAll();
        _connection.Abort();
        Become(m => Settling(m, reason));
        _feed.BreakOff();
    }

    private void End(ServerEvents.IServerEvent ending)
    {
        _ended = true;
        _cuts.Look(Timers);
        Publish(ending);
        Become(LetPass);
        Context.Stop(Self);
    }

    private static void Publish(ServerEvents.IServerEvent happened) => Context.System.EventStream.Publish(happened);

    protected override void PostStop()
    {
        // Nothing to a connection that is closed; a reset to one that is not.
        _connection.Abort();
        if (!_ended)
            Publish(new ServerEvents.BrokenOff(_server.Name, _connection.Peer, _intake.Bytes, "the receiver was stopped or crashed", null));
        _ = _feed.DisposeAsync(isSettled: _ended, Context.GetLogger());
    }

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        ReadOn,
        ReplyTaken,
    }
}
