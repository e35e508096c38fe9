using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Servers.Sinks;
using Akka.Actor;
using Akka.Event;
using Akka.IO;

namespace ActorSockets.Servers;

/// <summary>
/// One accepted connection, feeding one sink. The next read begins when the sink has room. Akka.IO accepts and closes the
/// connection; its bytes go between the socket and the sink without it, for it would copy each read into a new array.
/// <code>
///   Receiving ── a chunk ──► Storing ── the sink has it ──► Replying (echo) ── the kernel took the answer ──┐
///       ▲ │                                └───────────────────────────────────────────────────────────────┤
///       │ │ the peer's FIN                                                     processing-delay is over    │
///       └─┼────────────────────────────────────────────────────────────────────────────────────────────────┘
///         ▼
///   Completing ── the sink has all, for good ──► the receipt ──► our FIN ──► Completed
///
///   reset, sink failed, idle, too slow, our crash ──► a reset to the peer, BrokenOff
/// </code>
/// </summary>
internal sealed class ReceiverActor : UntypedActor, IWithTimers
{
    private readonly ServerSettings _server;
    private readonly string _peer;
    private readonly IActorRef _connection;
    private readonly SocketControl _socket;
    private readonly ISink _sink;
    private readonly ReceivedDigest? _digest;
    private readonly PeerPace _pace;
    private Task _storing = Task.CompletedTask;
    private ReceivedChunk? _chunk;
    private bool _moreIsLikely;
    private TimeSpan _acceptedAt;
    private TimeSpan _saidAt;
    private long _bytes;
    private long _bytesSaid;
    private Receipt? _receipt;
    private bool _stored;
    private bool _ended;

    public ReceiverActor(ServerSettings server, string peer, IActorRef connection, SocketControl socket, Func<ServerSettings, string, ISink> createSink)
    {
        _server = server;
        _peer = peer;
        _connection = connection;
        _socket = socket;
        _sink = createSink(server, peer);
        _digest = server.Receipt ? new ReceivedDigest() : null;
        _pace = new PeerPace(server);
    }

    public static Props Props(ServerSettings server, string peer, IActorRef connection, SocketControl socket, Func<ServerSettings, string, ISink> createSink) =>
        Actors.Props(() => new ReceiverActor(server, peer, connection, socket, createSink));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        (_acceptedAt, _saidAt) = (Now, Now);
        Context.Watch(_connection);
        // It reads nothing before it is asked to, and so never.
        _connection.Tell(new Tcp.Register(Self));
        Read();
        if (_server.IdleTimeout > TimeSpan.Zero)
            Timers.StartPeriodicTimer(Signal.IdleCheck, Signal.IdleCheck, _pace.IdleCheckInterval);
        if (_server.MinReceiveRate > 0)
            Timers.StartPeriodicTimer(Signal.RateCheck, Signal.RateCheck, ReceiveRate.Window);
        Publish(new ServerEvents.Accepted(_server.Name, _peer));
    }

    protected override void OnReceive(object message) => Receiving(message);

    private void Receiving(object message)
    {
        switch (message)
        {
            case Signal.RateCheck when _pace.IsTooSlow(Now, 0):
                BreakOff($"it sends less than {Sizes.Format(_server.MinReceiveRate)} a second (min-receive-rate)");
                break;
            case Received { Chunk: null }:
                Complete();
                break;
            case Received { Chunk: { } chunk } when _pace.IsTooSlow(Now, chunk.Bytes.Length):
                BreakOff($"it sends less than {Sizes.Format(_server.MinReceiveRate)} a second (min-receive-rate)");
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
        _stored |= message is Stored;
        switch (message)
        {
            case Stored when _digest is not null:
                Become(SendingReceipt);
                _receipt = Receipt.For(_bytes, _digest.Value());
                Reply(_receipt.ToBytes());
                break;
            case Stored:
                Close();
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void SendingReceipt(object message)
    {
        if (message is Signal.ReplyTaken)
            Close();
        else
            AnyTime(message);
    }

    private void Closing(object message)
    {
        if (message is not Tcp.Closed)
        {
            AnyTime(message);
            return;
        }

        End(new ServerEvents.Completed(_server.Name, _peer, _bytes, Now - _acceptedAt, _sink.StoredAs, _receipt?.Sha256));
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
            case Tcp.ConnectionClosed or Terminated:
                BreakOff("the connection ended");
                break;
            case Signal.IdleCheck when _pace.IsIdle(_socket.AcknowledgedBytes()):
                BreakOff($"nothing moved for {Durations.Format(_server.IdleTimeout)} (idle-timeout)");
                break;
            case Signal.IdleCheck or Signal.RateCheck:
                // It moves, or it is not its turn.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Holds memory only from when there is something to read until it is stored, or at full speed.</summary>
    private void Read()
    {
        Waiting();
        var reading = ReceivedChunk.ReadAsync(_socket, _server.ReceiveFrameBytes, waitFirst: !_moreIsLikely);
        if (reading.IsCompletedSuccessfully)
            Self.Tell(new Received(reading.Result));
        else
            reading.AsTask().PipeTo(Self, success: chunk => new Received(chunk), failure: e => new Broken(e));
    }

    private void Store(ReceivedChunk chunk)
    {
        _pace.Moved();
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
        _socket.SendAsync(reply).PipeTo(Self, success: () => Signal.ReplyTaken, failure: e => new Broken(e));
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

    private void Close()
    {
        _socket.Disarm();
        Become(Closing);
        Waiting();
        _connection.Tell(Tcp.Close.Instance);
    }

    /// <summary>From now on it is the peer's turn.</summary>
    private void Waiting()
    {
        var now = Now;
        _pace.Waiting(now);
        if (_bytes == _bytesSaid || now - _saidAt < _server.ProgressInterval)
            return;
        (_saidAt, _bytesSaid) = (now, _bytes);
        Publish(new ServerEvents.Received(_server.Name, _peer, _bytes));
    }

    private void BreakOff(string reason) => End(new ServerEvents.BrokenOff(_server.Name, _peer, _bytes, reason));

    private void End(ServerEvents.IServerEvent ending)
    {
        _ended = true;
        Publish(ending);
        Become(_ => { });
        Context.Stop(Self);
    }

    private static void Publish(ServerEvents.IServerEvent happened) => Context.System.EventStream.Publish(happened);

    protected override void PostStop()
    {
        if (!_ended)
            Publish(new ServerEvents.BrokenOff(_server.Name, _peer, _bytes, "the receiver was stopped or crashed"));
        // Nothing to a connection that is closed; a reset to one that is not.
        _connection.Tell(Tcp.Abort.Instance);
        _ = DisposeAfter(_storing, _sink, _stored, _digest);
    }

    private static async Task DisposeAfter(Task storing, ISink sink, bool isComplete, ReceivedDigest? digest)
    {
        if (digest is not null)
            await digest.DisposeAsync();
        // The sink is told no second thing before it is done with the first; whether that failed was said already.
        await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!isComplete)
            await ((Task)sink.BreakOffAsync().AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await sink.DisposeAsync();
    }

    /// <summary>What it tells itself; the key of the timer that does, too.</summary>
    private enum Signal
    {
        ReadOn,
        ReplyTaken,
        RateCheck,
        IdleCheck,
    }

    /// <summary>What was read; no chunk is the peer's FIN. Who has ended in the meantime misses nothing.</summary>
    private sealed record Received(ReceivedChunk? Chunk) : IDeadLetterSuppression;

    private sealed record Broken(Exception Cause) : IDeadLetterSuppression
    {
        public string Reason => Cause is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted }
            ? "the connection ended" : Cause.Message;
    }

    private sealed record Stored(ReadOnlyMemory<byte> Reply);

    private sealed record StoringFailed(string Reason);
}
