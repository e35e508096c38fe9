using ActorSockets.Configuration;
using ActorSockets.Platform;
using ActorSockets.Transport;
using ActorSockets.Transport.Tls;
using Akka.Actor;

namespace ActorSockets.Servers;

/// <summary>
/// The clients of one server whose TLS handshake is under way. Its parent is told of each <see cref="Secured"/> or
/// <see cref="Failed"/>. There is a limit to how many wait here: one more ends the one that has waited the longest, so that
/// clients that never end their handshake hold up none that does.
/// </summary>
internal sealed class HandshakesActor : UntypedActor
{
    private readonly ServerTls _tls;
    private readonly Dictionary<long, Handshake> _underWay = [];
    private readonly Queue<long> _byAge = new();
    private long _begun;

    public HandshakesActor(ServerTls tls) => _tls = tls;

    public static Props Props(ServerTls tls) => PlainProps.Of(() => new HandshakesActor(tls));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Begin begin:
                Start(begin.Connection);
                break;
            case Ended ended:
                Conclude(ended);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Start(PlainConnection connection)
    {
        if (_underWay.Count >= _tls.MaxHandshakes)
            EndOldest();
        var handshake = new Handshake(connection.Peer, new CancellationTokenSource(_tls.HandshakeTimeout));
        var number = ++_begun;
        _underWay.Add(number, handshake);
        _byAge.Enqueue(number);
        TlsHandshake.AcceptAsync(connection, _tls, handshake.Cancellation.Token)
            .PipeTo(Self, success: secured => new Ended(number, secured, null), failure: e => new Ended(number, null, e));
    }

    private void EndOldest()
    {
        while (_byAge.TryDequeue(out var number))
        {
            if (!_underWay.Remove(number, out var oldest))
                continue;
            oldest.End();
            Context.Parent.Tell(new Failed($"TLS: more handshakes at a time than tls.max-handshakes = {_tls.MaxHandshakes}; the oldest gave way", oldest.Peer));
            return;
        }
    }

    private void Conclude(Ended ended)
    {
        if (!_underWay.Remove(ended.Number, out var handshake))
        {
            // It gave way, and ended well a moment too late.
            ended.Connection?.Abort();
            return;
        }

        var isLate = handshake.Cancellation.IsCancellationRequested;
        handshake.Cancellation.Dispose();
        // The ages of those that have ended are of no use.
        while (_byAge.TryPeek(out var oldest) && !_underWay.ContainsKey(oldest))
            _byAge.Dequeue();
        if (ended.Connection is { } connection)
            Context.Parent.Tell(new Secured(connection));
        else
            Context.Parent.Tell(new Failed($"TLS: {ended.Failure!.Message}{(isLate ? $" within {Durations.Format(_tls.HandshakeTimeout)} (tls.handshake-timeout)" : "")}",
                ended.Failure is TlsException { Identity: { } identity } ? $"{handshake.Peer} ({identity})" : handshake.Peer));
    }

    protected override void PostStop()
    {
        foreach (var handshake in _underWay.Values)
            handshake.End();
    }

    /// <summary>A client has connected. The connection is this actor's from now on.</summary>
    public sealed record Begin(PlainConnection Connection);

    /// <summary>Its handshake went well: the connection is the parent's.</summary>
    public sealed record Secured(Connection Connection);

    /// <summary>It did not: why, for people and for counting, and who it was.</summary>
    public sealed record Failed(string Reason, string Peer);

    private sealed record Ended(long Number, Connection? Connection, Exception? Failure) : Akka.Event.IDeadLetterSuppression;

    private sealed record Handshake(string Peer, CancellationTokenSource Cancellation)
    {
        public void End()
        {
            Cancellation.Cancel();
            Cancellation.Dispose();
        }
    }
}
