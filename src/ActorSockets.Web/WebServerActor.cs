using ActorSockets.Platform;
using ActorSockets.Transport;
using ActorSockets.Web.Http;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Web;

/// <summary>
/// Listens, and serves each connection on the .NET thread pool.
/// <code>
///   Listening ── the listener died ──► rebind-delay ──► Listening
///    └── the listener failed at first ──► Failed: that is the answer to every WhenListening
/// </code>
/// </summary>
internal sealed class WebServerActor : UntypedActor, IWithTimers
{
    public const string Name = "web";

    private readonly WebSettings _settings;
    private readonly Func<ListenerSettings, Props> _listen;
    private readonly WebApi _api;
    private readonly CancellationTokenSource _stopped = new();
    private readonly List<IActorRef> _waiting = [];
    private ListenerActor.Listening? _listening;
    private ListenerActor.Failed? _failed;
    private int _open;

    public WebServerActor(WebSettings settings, Func<ListenerSettings, Props> listen, Func<WebApi> createApi)
    {
        _settings = settings;
        _listen = listen;
        _api = createApi();
    }

    public static Props Props(WebSettings settings, Func<ListenerSettings, Props> listen, Func<WebApi> createApi) =>
        PlainProps.Of(() => new WebServerActor(settings, listen, createApi));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void PreStart() => Listen();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ListenerActor.Listening listening:
                _listening = listening;
                Answer(listening);
                break;
            case ListenerActor.Accepted accepted:
                Serve(accepted.Connection);
                break;
            case ListenerActor.Failed failed:
                _failed = failed;
                break;
            case ListenerActor.OutOfHandles or ListenerActor.Accepting:
                break;
            case Terminated when _listening is null:
                _failed ??= new ListenerActor.Failed("its listener died");
                Answer(_failed);
                break;
            case Terminated:
                Context.GetLogger().Warning("the web server lost its listener: {0}", _failed?.Reason ?? "it died");
                Timers.StartSingleTimer(Signal.ListenAgain, Signal.ListenAgain, _settings.RebindDelay);
                break;
            case Signal.ListenAgain:
                Listen();
                break;
            case Signal.Served:
                _open--;
                break;
            case Status.Failure failure:
                _open--;
                Context.GetLogger().Error(failure.Cause, "a web request failed");
                break;
            case WhenListening when (_listening ?? (object?)_failed) is { } known:
                Sender.Tell(known);
                break;
            case WhenListening:
                _waiting.Add(Sender);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Listen()
    {
        // The same port again after a rebind, also when any free one was asked for.
        var port = _listening?.Endpoint.Port ?? _settings.Port;
        Context.Watch(Context.ActorOf(_listen(new ListenerSettings(_settings.Host, port, _settings.MaxConnections, _settings.RequestTimeout, new SocketSettings(TimeSpan.Zero)))));
    }

    private void Serve(Connection connection)
    {
        if (_open == _settings.MaxConnections)
        {
            connection.Abort();
            return;
        }

        _open++;
        var (timeout, stopped, answer) = (_settings.RequestTimeout, _stopped.Token, (Func<HttpRequest, Task<HttpResponse>>)_api.AnswerAsync);
        Task.Run(async () =>
        {
            using var http = new HttpConnection(connection, timeout, stopped);
            await http.ServeAsync(answer);
            return Signal.Served;
        }).PipeTo(Self);
    }

    private void Answer(object listening)
    {
        _waiting.ForEach(w => w.Tell(listening));
        _waiting.Clear();
    }

    protected override void PostStop()
    {
        // Resets what is open. Not disposed: connections look at it until they have ended.
        _stopped.Cancel();
        _api.Dispose();
    }

    /// <summary>Asks for <see cref="ListenerActor.Listening"/> or <see cref="ListenerActor.Failed"/>.</summary>
    public sealed record WhenListening;

    private enum Signal
    {
        ListenAgain,
        Served,
    }
}
