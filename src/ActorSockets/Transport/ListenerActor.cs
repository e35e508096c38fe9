using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Platform;
using Akka.Actor;

namespace ActorSockets.Transport;

/// <summary>
/// One endpoint. Its parent is told <see cref="Listening"/>, then each <see cref="Accepted"/> connection; or
/// <see cref="Failed"/>, and then the actor has stopped.
/// <code>
///   Resolving ── an address, bound ──► Listening ── an accept fails for good ──► Failed
///       └── no such name, too late, in use, no such address ───────────────────────┘
/// </code>
/// Akka.IO (1.5.74) would lose connections: what its listener accepts before it has handled its own <c>Bound</c>, or while it
/// unbinds, is nobody's, and its client waits until the garbage collector comes by. Here the one accept under way is the only
/// connection without an owner, and <see cref="PostStop"/> has it.
/// </summary>
internal sealed class ListenerActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan AcceptRetryDelay = TimeSpan.FromMilliseconds(10);

    private readonly ListenerSettings _settings;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly Func<Socket, Task<Socket>> _accept;
    private readonly CancellationTokenSource _stopped = new();
    private Socket? _listener;
    private Task<Socket>? _accepting;
    private bool _acceptFails;

    public ListenerActor(ListenerSettings settings, Func<string, CancellationToken, Task<IPAddress[]>> resolve, Func<Socket, Task<Socket>> accept)
    {
        _settings = settings;
        _resolve = resolve;
        _accept = accept;
    }

    /// <param name="settings">What to listen on.</param>
    /// <param name="resolve">Finds the addresses of a name.</param>
    /// <param name="accept">Waits for the next client of a listening socket; the system's accept unless given.</param>
    public static Props Props(
        ListenerSettings settings, Func<string, CancellationToken, Task<IPAddress[]>> resolve, Func<Socket, Task<Socket>>? accept = null) =>
        PlainProps.Of(() => new ListenerActor(settings, resolve, accept ?? (listener => listener.AcceptAsync())));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartSingleTimer(Signal.BindTimeout, Signal.BindTimeout, _settings.BindTimeout);
        _resolve(_settings.Host, _stopped.Token).PipeTo(Self, success: addresses => new Resolved(addresses));
    }

    protected override void OnReceive(object message) => Resolving(message);

    private void Resolving(object message)
    {
        switch (message)
        {
            case Resolved { Addresses: [var address, ..] }:
                Bind(new IPEndPoint(address, _settings.Port));
                break;
            case Resolved:
                Fail($"{_settings.Host} has no address");
                break;
            case Status.Failure failure:
                Fail($"{_settings.Host} does not resolve: {failure.Cause.Message}");
                break;
            case Signal.BindTimeout:
                Fail($"{_settings.Host} did not resolve within {Durations.Format(_settings.BindTimeout)}");
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Bind(IPEndPoint endpoint)
    {
        Timers.CancelAll();
        try
        {
            _listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _settings.Sockets.Apply(_listener);
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
                _listener.DualMode = true;
            _listener.Bind(endpoint);
            _listener.Listen(_settings.Backlog);
        }
        catch (SocketException e)
        {
            Fail(e.Message);
            return;
        }

        Context.Parent.Tell(new Listening(Endpoints.Unmap((IPEndPoint)_listener.LocalEndPoint!)));
        Become(Listen);
        Accept();
    }

    private void Listen(object message)
    {
        switch (message)
        {
            case Socket socket:
                _accepting = null;
                HandOver(socket);
                Accept();
                break;
            case Status.Failure { Cause: SocketException e } when IsPassing(e.SocketErrorCode):
                TellAccepting(works: false);
                Timers.StartSingleTimer(Signal.Accept, Signal.Accept, AcceptRetryDelay);
                break;
            case Status.Failure { Cause: SocketException { SocketErrorCode: SocketError.ConnectionAborted or SocketError.ConnectionReset } }:
                // The client left before it was accepted.
                Accept();
                break;
            case Status.Failure failure:
                Fail($"its listener died: {failure.Cause.Message}");
                break;
            case Signal.Accept:
                Accept();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>By way of the mailbox, also when a client waits already: many clients leave time for other actors.</summary>
    private void Accept()
    {
        _accepting = _accept(_listener!);
        _accepting.PipeTo(Self);
    }

    private void HandOver(Socket socket)
    {
        TellAccepting(works: true);
        var connection = new PlainConnection(socket, null);
        if (!Posix.IsAmongTheLast(socket.SafeHandle))
        {
            Context.Parent.Tell(new Accepted(connection));
            return;
        }

        connection.Abort();
        Context.Parent.Tell(new OutOfHandles(connection.Peer));
    }

    /// <summary>Whether others may let go of what is missing: handles, memory (accept(2)).</summary>
    private static bool IsPassing(SocketError error) => error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    private void TellAccepting(bool works)
    {
        if (works != _acceptFails)
            return;
        _acceptFails = !works;
        Context.Parent.Tell(new Accepting(works));
    }

    private void Fail(string reason)
    {
        Context.Parent.Tell(new Failed(reason));
        Become(_ => { });
        Context.Stop(Self);
    }

    private static async Task ResetAsync(Task<Socket> accepting)
    {
        try
        {
            (await accepting).Dispose();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Nobody was accepted any more.
        }
    }

    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        // Resets the clients that the kernel has accepted and we have not.
        _listener?.Dispose();
        if (_accepting is not null)
            _ = ResetAsync(_accepting);
    }

    /// <summary>The endpoint is bound; <paramref name="Endpoint"/> has the real port.</summary>
    public sealed record Listening(IPEndPoint Endpoint);

    /// <summary>A client connected. The connection is the parent's.</summary>
    public sealed record Accepted(PlainConnection Connection);

    /// <summary>A client was reset, because the process has hardly any file handles left.</summary>
    public sealed record OutOfHandles(string Peer);

    /// <summary>Whether the kernel gives connections.</summary>
    public sealed record Accepting(bool Works);

    /// <summary>It does not listen, or no more.</summary>
    public sealed record Failed(string Reason);

    private sealed record Resolved(IPAddress[] Addresses);

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        BindTimeout,
        Accept,
    }
}
