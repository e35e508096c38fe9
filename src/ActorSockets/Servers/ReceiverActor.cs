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
    private readonly ISink _sink;
    private readonly CutFileSink? _files;
    private readonly ReceivedDigest? _digest;
    private readonly Intake _intake;
    private Task _storing = Task.CompletedTask;
    private ReceivedChunk? _chunk;
    private Receipt? _receipt;
    private bool _ended;
    private bool _cutIsDue;
    private int _timedFile;

    public ReceiverActor(ServerSettings server, Connection connection, FileStore store, SinkSource createSink)
    {
        _server = server;
        _connection = connection;
        _sink = createSink(server, connection.Peer, store, delivery: null);
        _files = _sink as CutFileSink;
        _digest = server.Receipt ? new ReceivedDigest(server.Digest) : null;
        _intake = new Intake(server, connection, Context);
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
            case Signal.Cut:
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
            case Stored stored:
                Answer(stored.Reply);
                break;
            case Signal.Cut:
                _cutIsDue = true;
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
            case Stored:
                LookAtFiles();
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
            case Stored when _digest is not null:
                _receipt = new Receipt(_intake.Bytes, _digest.Value());
                Become(SendingReceipt);
                Reply(_receipt.ToBytes());
                break;
            case Stored:
                Completed();
                break;
            case ServerEvents.CutOff:
                // Everything has come: what is left is up to the sink.
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
        if (message is Settled settled)
            End(new ServerEvents.BrokenOff(_server.Name, _connection.Peer, _intake.Bytes,
                settled.Failure is null ? reason : $"{reason}; and what was received is lost: {settled.Failure}", settled.KeptAs));
        else
            LetPass(message);
    }

    private void AnyTime(object message)
    {
        switch (message)
        {
            case StoringFailed failed:
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
        if (message is not (Signal or Intake.Check or Intake.Broken or Intake.Received or Stored or StoringFailed or ServerEvents.ICommand))
            Unhandled(message);
    }

    private void Store(ReceivedChunk chunk)
    {
        _intake.Took(chunk);
        _chunk = chunk;
        var earlierHashed = _digest?.AddAsync(chunk) ?? Task.CompletedTask;
        Become(Storing);
        var storing = _sink.WriteAsync(chunk.Bytes);
        if (storing.IsCompletedSuccessfully && earlierHashed.IsCompletedSuccessfully)
            Answer(storing.Result);
        else
            Await(BothAsync(storing.AsTask(), earlierHashed));

        // A chunk is hashed while the next one is on its way; the one after that waits.
        static async Task<ReadOnlyMemory<byte>> BothAsync(Task<ReadOnlyMemory<byte>> storing, Task hashed)
        {
            await hashed;
            return await storing;
        }
    }

    private void Cut()
    {
        _cutIsDue = false;
        Become(m => Cutting(m, next: null));
        Await(CutAsync(_files!));

        static async Task<ReadOnlyMemory<byte>> CutAsync(CutFileSink files)
        {
            await files.CutAsync();
            return default;
        }
    }

    /// <summary>Publishes the files that have ended, and watches the time of the one that has begun.</summary>
    private void LookAtFiles()
    {
        if (_files is null)
            return;
        while (_files.TryTakeEnded(out var ended))
            Publish(new ServerEvents.FileCut(_server.Name, _connection.Peer, ended.Bytes, ended.Path));
        if (_server.Cut.After == TimeSpan.Zero || !_files.IsWriting || _files.Begun == _timedFile)
            return;
        (_timedFile, _cutIsDue) = (_files.Begun, false);
        Timers.StartSingleTimer(Signal.Cut, Signal.Cut, _server.Cut.After);
    }

    private void Complete()
    {
        _intake.Moved();
        Become(Completing);
        Await(CompleteAsync(_sink, _digest?.Hashed ?? Task.CompletedTask));

        static async Task<ReadOnlyMemory<byte>> CompleteAsync(ISink sink, Task hashed)
        {
            await hashed;
            await sink.CompleteAsync();
            return default;
        }
    }

    private void Await(Task<ReadOnlyMemory<byte>> storing)
    {
        _storing = storing;
        storing.PipeTo(Self, success: reply => new Stored(reply), failure: e => new StoringFailed(e.Message));
    }

    private void Answer(ReadOnlyMemory<byte> reply)
    {
        LookAtFiles();
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
        if (_cutIsDue)
            Cut();
    }

    private void Completed()
    {
        _connection.Close();
        End(new ServerEvents.Completed(_server.Name, _connection.Peer, _intake.Bytes, _intake.Elapsed(Now), _sink.StoredAs, _receipt?.Digest.ToString()));
    }

    private void LoseReceipt(string reason) =>
        End(new ServerEvents.ReceiptLost(_server.Name, _connection.Peer, _intake.Bytes, _intake.Elapsed(Now), _sink.StoredAs, _receipt?.Digest.ToString(), reason));

    private void BreakOff(string reason)
    {
        Timers.CancelAll();
        _connection.Abort();
        Become(m => Settling(m, reason));
        SettleAsync(_storing, _sink).PipeTo(Self);
    }

    /// <summary>The sink is told no second thing before it is done with the first.</summary>
    private static async Task<Settled> SettleAsync(Task storing, ISink sink)
    {
        await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            return new Settled(await sink.BreakOffAsync(), null);
        }
        catch (Exception e)
        {
            return new Settled(null, e.Message);
        }
    }

    private void End(ServerEvents.IServerEvent ending)
    {
        _ended = true;
        LookAtFiles();
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
        _ = DisposeAsync(_ended ? Task.CompletedTask : SettleAsync(_storing, _sink), _sink, _digest, Context.GetLogger());
    }

    private static async Task DisposeAsync(Task settling, ISink sink, ReceivedDigest? digest, ILoggingAdapter log)
    {
        try
        {
            await settling;
            if (digest is not null)
                await digest.DisposeAsync();
            await sink.DisposeAsync();
        }
        catch (Exception e)
        {
            log.Warning("the sink of a connection that has ended cannot be disposed: {0}", e.Message);
        }
    }

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        Cut,
        ReadOn,
        ReplyTaken,
    }

    private sealed record Stored(ReadOnlyMemory<byte> Reply) : IDeadLetterSuppression;

    private sealed record StoringFailed(string Reason) : IDeadLetterSuppression;

    private sealed record Settled(string? KeptAs, string? Failure) : IDeadLetterSuppression;
}
