using System.Net;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// The way of an attempt to its connection: a place at the gate, the connect and, with TLS, the handshake, all within connect-timeout.
/// Used by one actor alone, which passes its messages on until <see cref="Connection"/> is there or the attempt has ended; its
/// disposal resets what is open.
/// </summary>
/// <param name="target">Where to.</param>
/// <param name="attempt">Its number, from 1: each begins with another address of the name.</param>
/// <param name="gate">The <see cref="ConnectGate"/>.</param>
/// <param name="connector">What connects.</param>
/// <param name="actor">The actor.</param>
internal sealed class Approach(TargetSettings target, int attempt, IActorRef gate, IConnector connector, IActorRef actor) : IDisposable
{
    // A peer that answers does so at once. One that swallows SYNs must not keep a place from those that do.
    private static readonly TimeSpan LongestInPlace = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _ended = new();
    private Task<Connection>? _connecting;
    private Connection? _plain;

    /// <summary>The connection that bytes may go over; null: not yet.</summary>
    public Connection? Connection { get; private set; }

    /// <summary>What messages call the peer: the target, and the address if that is another.</summary>
    public string Peer => (Connection ?? _plain)?.Peer is { } peer && peer != target.Endpoint ? $"{target.Endpoint} ({peer})" : target.Endpoint;

    /// <summary>Asks for a place; <see cref="ConnectGate.Entered"/> is the answer.</summary>
    public void Enter() => gate.Tell(ConnectGate.Enter.Instance);

    /// <summary>There is a place: the time begins to count.</summary>
    public void Begin(ITimerScheduler timers)
    {
        timers.StartSingleTimer(Signal.Deadline, Signal.Deadline, target.ConnectTimeout);
        timers.StartSingleTimer(Signal.LeavePlace, Signal.LeavePlace, LongestInPlace);
    }

    public void Connect()
    {
        _connecting = connector.ConnectAsync(target.Host, target.Port, new SocketSettings(target.KeepAlive), attempt, _ended.Token);
        _connecting.PipeTo(actor);
    }

    /// <summary>False when the message is none of the way's.</summary>
    /// <param name="message">What the actor got.</param>
    /// <param name="timers">The actor's.</param>
    /// <param name="ending">How the attempt has ended; null: it has not.</param>
    public bool TryHandle(object message, ITimerScheduler timers, out Attempt.Ending? ending)
    {
        ending = null;
        switch (message)
        {
            case Connection connection when _plain is null && target.Tls is { } tls:
                Leave(timers);
                _plain = connection;
                connector.SecureAsync(connection, target.Host, tls, _ended.Token).PipeTo(actor);
                return true;
            case Connection connection:
                Leave(timers);
                Connection = connection;
                return true;
            case Status.Failure failure:
                ending = _plain is not null ? new Attempt.Lost(FailureKind.Tls, $"{Peer}: TLS: {failure.Cause.Message}")
                    : failure.Cause is ConnectException e ? new Attempt.Lost(KindOf(e.Failure), e.Message)
                    : new Attempt.Lost(FailureKind.Internal, failure.Cause.Message);
                return true;
            case Signal.Deadline:
                ending = _plain is not null
                    ? new Attempt.Lost(FailureKind.Tls, $"{Peer}: it did not end its TLS handshake within {Durations.Format(target.ConnectTimeout)} (connect-timeout): does it use TLS?")
                    : new Attempt.Lost(FailureKind.Unreachable, $"{target.Endpoint} did not {(IPAddress.TryParse(target.Host, out _) ? "" : "resolve or ")}answer within {Durations.Format(target.ConnectTimeout)} (connect-timeout)");
                return true;
            case Signal.LeavePlace:
                gate.Tell(ConnectGate.Leave.Instance);
                return true;
            default:
                return false;
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
        // Nothing to a connection that is closed; a reset to one that is not.
        (Connection ?? _plain)?.Abort();
        if (_plain is null && Connection is null && _connecting is not null)
            _ = AbortAsync(_connecting);
    }

    private void Leave(ITimerScheduler timers)
    {
        if (_plain is not null)
            return;
        timers.Cancel(Signal.LeavePlace);
        gate.Tell(ConnectGate.Leave.Instance);
    }

    private static FailureKind KindOf(ConnectFailure failure) => failure switch
    {
        ConnectFailure.UnknownHost => FailureKind.UnknownHost,
        ConnectFailure.Refused => FailureKind.Refused,
        ConnectFailure.OutOfHandles => FailureKind.OutOfHandles,
        _ => FailureKind.Unreachable,
    };

    private static async Task AbortAsync(Task<Connection> connecting)
    {
        try
        {
            (await connecting).Abort();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // There is no connection.
        }
    }

    /// <summary>What the actor gets from the timers; also their keys.</summary>
    public enum Signal
    {
        Deadline,
        LeavePlace,
    }
}
