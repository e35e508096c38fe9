using ActorSockets.Configuration;
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
///   reset, sink failed, idle, too slow, cut off ──► a reset to the peer, Settling ── the sink has kept what came ──► BrokenOff
/// </code>
/// </summary>
internal sealed class ReceiverActor : UntypedActor, IWithTimers
{
    private readonly ServerSettings _server;
    private readonly Connection _connection;
    private readonly ISink _sink;
    private readonly ReceivedDigest? _digest;
    private readonly PeerPace _pace;
    private Task _storing = Task.CompletedTask;
    private ReceivedChunk? _chunk;
    private bool _moreIsLikely;
    private TimeSpan _acceptedAt;
    private TimeSpan _publishedAt;
    private long _bytes;
    private long _bytesPublished;
    private Receipt? _receipt;
    private bool _ended;

    public ReceiverActor(ServerSettings server, Connection connection, FileStore store, SinkSource createSink)
    {
        _server = server;
        _connection = connection;
        _sink = createSink(server, connection.Peer, store);
        _digest = server.Receipt ? new ReceivedDigest() : null;
        _pace = new PeerPace(server);
    }

    public static Props Props(ServerSettings server, Connection connection, FileStore store, SinkSource createSink) =>
        PlainProps.Of(() => new ReceiverActor(server, connection, store, createSink));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        (_acceptedAt, _publishedAt) = (Now, Now);
        Publish(new ServerEvents.Accepted(_server.Name, _connection.Peer, _connection.Identity));
        if (_server.IdleTimeout > TimeSpan.Zero)
            Timers.StartPeriodicTimer(Signal.IdleCheck, Signal.IdleCheck, _pace.IdleCheckInterval);
        if (_server.MinReceiveRate > 0)
            Timers.StartPeriodicTimer(Signal.RateCheck, Signal.RateCheck, ReceiveRate.Window);
        Read();
    }

    protected override void OnReceive(object message) => Receiving(message);

    private void Receiving(object message)
    {
        switch (message)
        {
            case Received { Chunk: null }:
                Complete();
                break;
            case Received { Chunk: { } chunk } when _pace.IsTooSlow(Now, chunk.Bytes.Length):
                BreakOffTooSlow();
                break;
            case Signal.RateCheck when _pace.IsTooSlow(Now, 0):
                BreakOffTooSlow();
                break;
            case Received { Chunk: { } chunk }:
                Store(chunk);
                break;
            case Signal.ReadOn:
                Read();
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Storing(object message)
    {
        if (message is Stored stored)
            Answer(stored.Reply);
        else
            AnyTime(message);
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
                _receipt = Receipt.For(_bytes, _digest.Value());
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
            case Broken broken:
                LoseReceipt(broken.Reason);
                break;
            case ServerEvents.CutOff:
                LoseReceipt("the server was stopped");
                break;
            case Signal.IdleCheck when IsIdle():
                LoseReceipt(IdleReason);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Settling(object message, string reason)
    {
        if (message is Settled settled)
            End(new ServerEvents.BrokenOff(_server.Name, _connection.Peer, _bytes,
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
            case Broken broken:
                BreakOff(broken.Reason);
                break;
            case ServerEvents.CutOff:
                BreakOff("the server was stopped");
                break;
            case Signal.IdleCheck when IsIdle():
                BreakOff(IdleReason);
                break;
            default:
                LetPass(message);
                break;
        }
    }

    /// <summary>Checks of a peer that moves, or whose turn it is not; and what comes of a connection that is reset.</summary>
    private void LetPass(object message)
    {
        if (message is not (Signal or Broken or Received or Stored or StoringFailed or ServerEvents.CutOff))
            Unhandled(message);
    }

    private string IdleReason => $"no traffic for {Durations.Format(_server.IdleTimeout)} (idle-timeout)";

    private bool IsIdle() => _pace.IsIdle(_connection.Acknowledged()?.Bytes ?? 0);

    /// <summary>Holds memory only from when there is something to read until it is stored, or at full speed.</summary>
    private void Read()
    {
        Waiting();
        var reading = ReceivedChunk.ReadAsync(_connection, _server.ReceiveFrameBytes, waitFirst: !_moreIsLikely);
        if (reading.IsCompletedSuccessfully)
            Self.Tell(new Received(reading.Result));
        else
            reading.AsTask().PipeTo(Self, success: chunk => new Received(chunk), failure: e => new Broken(e.Message));
    }

    private void Store(ReceivedChunk chunk)
    {
        _pace.Moved();
        if (_bytes == 0 && _server.Tls is null && ForeignProtocol.Of(chunk.Bytes.Span) is { } protocol)
            Publish(new ServerEvents.ForeignProtocol(_server.Name, _connection.Peer, protocol));
        _chunk = chunk;
        _moreIsLikely = chunk.Bytes.Length == _server.ReceiveFrameBytes;
        _bytes += chunk.Bytes.Length;
        var earlierHashed = _digest?.AddAsync(chunk.Shared()) ?? Task.CompletedTask;
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

    private void Complete()
    {
        _pace.Moved();
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
        Waiting();
        SendAsync(_connection, reply).PipeTo(Self, success: () => Signal.ReplyTaken, failure: e => new Broken(e.Message));

        static async Task SendAsync(Connection connection, ReadOnlyMemory<byte> reply)
        {
            while (!reply.IsEmpty)
                reply = reply[await connection.SendAsync(reply)..];
        }
    }

    private void AskForMore()
    {
        _pace.Moved();
        _chunk!.Release();
        _chunk = null;
        Become(Receiving);
        if (_server.ProcessingDelay > TimeSpan.Zero)
            Timers.StartSingleTimer(Signal.ReadOn, Signal.ReadOn, _server.ProcessingDelay);
        else
            Read();
    }

    /// <summary>From now on it is the peer's turn.</summary>
    private void Waiting()
    {
        var now = Now;
        _pace.Waiting(now);
        if (_bytes == _bytesPublished || now - _publishedAt < _server.ProgressInterval)
            return;
        (_publishedAt, _bytesPublished) = (now, _bytes);
        Publish(new ServerEvents.Received(_server.Name, _connection.Peer, _bytes));
    }

    private void Completed()
    {
        _connection.Close();
        End(new ServerEvents.Completed(_server.Name, _connection.Peer, _bytes, Now - _acceptedAt, _sink.StoredAs, _receipt?.Sha256));
    }

    private void LoseReceipt(string reason) =>
        End(new ServerEvents.ReceiptLost(_server.Name, _connection.Peer, _bytes, Now - _acceptedAt, _sink.StoredAs, _receipt?.Sha256, reason));

    private void BreakOffTooSlow() => BreakOff($"the client sent less than {Sizes.Format(_server.MinReceiveRate)}/s (min-receive-rate)");

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
            Publish(new ServerEvents.BrokenOff(_server.Name, _connection.Peer, _bytes, "the receiver was stopped or crashed", null));
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
        ReadOn,
        ReplyTaken,
        RateCheck,
        IdleCheck,
    }

    /// <summary>What was read; no chunk is the peer's end.</summary>
    private sealed record Received(ReceivedChunk? Chunk) : IDeadLetterSuppression;

    private sealed record Broken(string Reason) : IDeadLetterSuppression;

    private sealed record Stored(ReadOnlyMemory<byte> Reply) : IDeadLetterSuppression;

    private sealed record StoringFailed(string Reason) : IDeadLetterSuppression;

    private sealed record Settled(string? KeptAs, string? Failure) : IDeadLetterSuppression;
}
