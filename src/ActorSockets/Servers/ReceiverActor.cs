using System.Buffers;
using ActorSockets.Servers.Sinks;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Servers;

/// <summary>
/// One accepted connection, feeding one sink. The next read is asked for when the sink has room.
/// <code>
///   Receiving ◄── stored, and processing-delay is over ── Storing
///       │  └────────────── a chunk ─────────────────────────▲
///       │ the peer's FIN
///       ▼
///   Completing ── the sink has all ──► our FIN ──► Completed
///
///   reset, sink failed, our crash ──► reset to the peer, BrokenOff
/// </code>
/// </summary>
internal sealed class ReceiverActor : UntypedActor, IWithTimers
{
    private readonly ServerSettings _server;
    private readonly string _peer;
    private readonly IActorRef _connection;
    private readonly ISink _sink;
    private Task _storing = Task.CompletedTask;
    private TimeSpan _acceptedAt;
    private long _bytes;

    public ReceiverActor(ServerSettings server, string peer, IActorRef connection, Func<ServerSettings, string, ISink> createSink)
    {
        _server = server;
        _peer = peer;
        _connection = connection;
        _sink = createSink(server, peer);
    }

    public static Props Props(ServerSettings server, string peer, IActorRef connection, Func<ServerSettings, string, ISink> createSink) =>
        Akka.Actor.Props.Create(() => new ReceiverActor(server, peer, connection, createSink));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        _acceptedAt = Now;
        Context.Watch(_connection);
        // Akka would answer the peer's FIN by itself, before the sink has what came ahead of it.
        _connection.Tell(new Tcp.Register(Self, keepOpenOnPeerClosed: true));
        _connection.Tell(Tcp.ResumeReading.Instance);
        Publish(new ServerEvents.Accepted(_server.Name, _peer));
    }

    protected override void OnReceive(object message) => Receiving(message);

    private void Receiving(object message)
    {
        switch (message)
        {
            case Tcp.Received received:
                Store(received.Data);
                break;
            case ReadOn:
                _connection.Tell(Tcp.ResumeReading.Instance);
                break;
            case Tcp.PeerClosed:
                Await(_sink.CompleteAsync());
                Become(Completing);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void Storing(object message)
    {
        if (message is Stored)
            AskForMore();
        else
            AnyTime(message);
    }

    private void Completing(object message)
    {
        switch (message)
        {
            case Stored:
                _connection.Tell(Tcp.Close.Instance);
                break;
            case Tcp.Closed:
                Publish(new ServerEvents.Completed(_server.Name, _peer, _bytes, Now - _acceptedAt));
                Context.Stop(Self);
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
            case StoringFailed failed:
                BreakOff($"the {_server.Sink} sink failed: {failed.Reason}");
                break;
            case Tcp.ErrorClosed closed:
                BreakOff(closed.Cause ?? "connection error");
                break;
            case Tcp.ConnectionClosed or Terminated:
                BreakOff("the connection ended");
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Store(ByteString data)
    {
        _bytes += data.Count;
        var buffer = ArrayPool<byte>.Shared.Rent(data.Count);
        data.CopyTo(buffer, 0, data.Count);
        Become(Storing);
        Await(StoreAsync(_sink, buffer, data.Count));
    }

    private static async ValueTask StoreAsync(ISink sink, byte[] buffer, int count)
    {
        await sink.WriteAsync(buffer.AsMemory(0, count));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Goes on at once when the sink was done at once, and otherwise when it says so.</summary>
    private void Await(ValueTask storing)
    {
        if (storing.IsCompletedSuccessfully)
        {
            Self.Tell(Stored.Instance);
            return;
        }

        _storing = storing.AsTask();
        _storing.PipeTo(Self, success: () => Stored.Instance, failure: e => new StoringFailed(e.Message));
    }

    private void AskForMore()
    {
        Become(Receiving);
        if (_server.ProcessingDelay > TimeSpan.Zero)
            Timers.StartSingleTimer(ReadOn.Instance, ReadOn.Instance, _server.ProcessingDelay);
        else
            _connection.Tell(Tcp.ResumeReading.Instance);
    }

    private void BreakOff(string reason)
    {
        Publish(new ServerEvents.BrokenOff(_server.Name, _peer, _bytes, reason));
        Context.Stop(Self);
    }

    private static void Publish(ServerEvents.IServerEvent happened) => Context.System.EventStream.Publish(happened);

    protected override void PostStop()
    {
        // Nothing to a connection that is closed; a reset to one that is not.
        _connection.Tell(Tcp.Abort.Instance);
        _ = DisposeAfter(_storing, _sink);
    }

    private static async Task DisposeAfter(Task storing, ISink sink)
    {
        // The sink is told no second thing before it is done with the first; whether that failed was said already.
        await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await sink.DisposeAsync();
    }

    private sealed record StoringFailed(string Reason);

    private sealed class Stored
    {
        public static readonly Stored Instance = new();
    }

    private sealed class ReadOn
    {
        public static readonly ReadOn Instance = new();
    }
}
