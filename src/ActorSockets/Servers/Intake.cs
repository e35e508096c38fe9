using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Servers;

/// <summary>
/// Reads a connection for its actor, one chunk at a time; publishes how much has come; and watches the peer's pace. The actor gets
/// <see cref="Received"/> or <see cref="Broken"/> for each read, and <see cref="Check"/> from its timers.
/// </summary>
internal sealed class Intake
{
    private readonly ServerSettings _server;
    private readonly Connection _connection;
    private readonly IActorRef _reader;
    private readonly EventStream _events;
    private readonly PeerPace _pace;
    private readonly TimeSpan _acceptedAt;
    private TimeSpan _publishedAt;
    private long _bytesPublished;
    private bool _moreIsLikely;

    /// <param name="server">Whose connection it is.</param>
    /// <param name="connection">What is read.</param>
    /// <param name="context">The actor that reads.</param>
    public Intake(ServerSettings server, Connection connection, IActorContext context)
    {
        (_server, _connection, _reader, _events) = (server, connection, context.Self, context.System.EventStream);
        _pace = new PeerPace(server);
        _acceptedAt = _publishedAt = context.System.Scheduler.MonotonicClock;
    }

    /// <summary>Bytes that have come.</summary>
    public long Bytes { get; private set; }

    public string IdleReason => $"no traffic for {Durations.Format(_server.IdleTimeout)} (idle-timeout)";

    public string SlowReason => $"the client sent less than {Sizes.Format(_server.MinReceiveRate)}/s (min-receive-rate)";

    /// <summary>Publishes the connection, and starts the timers that its settings ask for.</summary>
    public void Begin(ITimerScheduler timers)
    {
        _events.Publish(new ServerEvents.Accepted(_server.Name, _connection.Peer, _connection.Identity));
        if (_server.IdleTimeout > TimeSpan.Zero)
            timers.StartPeriodicTimer(Check.Idle, Check.Idle, _pace.IdleCheckInterval);
        if (_server.MinReceiveRate > 0)
            timers.StartPeriodicTimer(Check.Rate, Check.Rate, ReceiveRate.Window);
    }

    /// <summary>Holds memory only from when there is something to read until it is stored, or at full speed.</summary>
    public void Read(TimeSpan now)
    {
        Waiting(now);
        var reading = ReceivedChunk.ReadAsync(_connection, _server.ReceiveFrameBytes, waitFirst: !_moreIsLikely);
        if (reading.IsCompletedSuccessfully)
            _reader.Tell(new Received(reading.Result));
        else
            reading.AsTask().PipeTo(_reader, success: chunk => new Received(chunk), failure: e => new Broken(e.Message));
    }

    /// <summary>Counts a chunk: it is our turn now.</summary>
    public void Took(ReceivedChunk chunk)
    {
        _pace.Moved();
        if (Bytes == 0 && _server.Tls is null && ForeignProtocol.Of(chunk.Bytes.Span) is { } protocol)
            _events.Publish(new ServerEvents.ForeignProtocol(_server.Name, _connection.Peer, protocol));
        _moreIsLikely = chunk.Bytes.Length == _server.ReceiveFrameBytes;
        Bytes += chunk.Bytes.Length;
    }

    /// <summary>It is our turn.</summary>
    public void Moved() => _pace.Moved();

    /// <summary>From now on it is the peer's turn.</summary>
    public void Waiting(TimeSpan now)
    {
        _pace.Waiting(now);
        if (Bytes == _bytesPublished || now - _publishedAt < _server.ProgressInterval)
            return;
        (_publishedAt, _bytesPublished) = (now, Bytes);
        _events.Publish(new ServerEvents.Received(_server.Name, _connection.Peer, Bytes));
    }

    /// <summary>Since the connection was accepted.</summary>
    public TimeSpan Elapsed(TimeSpan now) => now - _acceptedAt;

    /// <summary>Whether nothing has moved for the idle-timeout; to be asked at each <see cref="Check.Idle"/>.</summary>
    public bool IsIdle() => _pace.IsIdle(_connection.Acknowledged()?.Bytes ?? 0);

    /// <inheritdoc cref="PeerPace.IsTooSlow"/>
    public bool IsTooSlow(TimeSpan now, int bytes) => _pace.IsTooSlow(now, bytes);

    /// <summary>What is to be looked at now; also the key of the timer that says so.</summary>
    public enum Check
    {
        Idle,
        Rate,
    }

    /// <summary>What was read; no chunk is the peer's end.</summary>
    public sealed record Received(ReceivedChunk? Chunk) : IDeadLetterSuppression;

    public sealed record Broken(string Reason) : IDeadLetterSuppression;
}
