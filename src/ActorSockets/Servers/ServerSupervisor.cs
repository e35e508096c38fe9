using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Servers.Arrivals;
using ActorSockets.Servers.Sinks;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Servers;

/// <summary>
/// One <see cref="ServerActor"/> per configured endpoint. Whoever asks with <see cref="ServerEvents.WhenBound"/> is told when each of
/// them listens or has failed to; whoever sends <see cref="ServerEvents.Drain"/>, when no connection is open any more.
/// </summary>
internal sealed class ServerSupervisor : UntypedActor
{
    private readonly IReadOnlyList<ServerSettings> _servers;
    private readonly SinkSource _createSink;
    private readonly Func<ListenerSettings, Props> _listen;
    private readonly Dictionary<string, ServerEvents.IServerEvent> _answers = new(StringComparer.Ordinal);
    private readonly List<IActorRef> _waiting = [];
    private readonly Inboxes _inboxes = new(StoreLibrary.Open);
    private readonly DrainCount _draining = new(new ServerEvents.Drained());

    public ServerSupervisor(IReadOnlyList<ServerSettings> servers, SinkSource createSink, Func<ListenerSettings, Props> listen)
    {
        _servers = servers;
        _createSink = createSink;
        _listen = listen;
    }

    public static Props Props(IReadOnlyList<ServerSettings> servers, SinkSource createSink, Func<ListenerSettings, Props> listen) =>
        PlainProps.Of(() => new ServerSupervisor(servers, createSink, listen));

    protected override void PreStart()
    {
        foreach (var server in _servers)
            Context.ActorOf(ServerActor.Props(server, ServerMemory.Of(server, _inboxes, _createSink), _createSink, _listen), server.Name);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ServerEvents.Bound or ServerEvents.BindFailed:
                var answer = (ServerEvents.IServerEvent)message;
                _answers[answer.Server] = answer;
                Reply();
                break;
            case ServerEvents.WhenBound:
                _waiting.Add(Sender);
                Reply();
                break;
            case ServerEvents.Drain or ServerEvents.CutOff:
                _draining.Begin(message, Context.GetChildren(), Sender);
                break;
            case ServerEvents.Drained:
                _draining.Done(Sender);
                break;
            case ServerEvents.IServerEvent:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Reply()
    {
        if (_answers.Count < _servers.Count)
            return;
        var all = new ServerEvents.AllBound([.. _answers.Values.OfType<ServerEvents.Bound>()], [.. _answers.Values.OfType<ServerEvents.BindFailed>()]);
        _waiting.ForEach(w => w.Tell(all));
        _waiting.Clear();
    }

    protected override void PostStop() => _ = _inboxes.CloseAsync();
}
