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
    private readonly NamedChildren _children = new();
    private readonly Dictionary<string, (IActorRef Adder, ServerSettings Server)> _adding = new(StringComparer.Ordinal);
    private readonly List<IActorRef> _waiting = [];
    private readonly Inboxes _inboxes = new(StoreLibrary.Open);
    private readonly OutboxAccess _outbox;
    private readonly Dictionary<string, ServerMemory> _memories = new(StringComparer.Ordinal);
    private bool _stopping;
    private readonly DrainCount _draining = new(new ServerEvents.Drained());

    public ServerSupervisor(IReadOnlyList<ServerSettings> servers, OutboxAccess outbox, SinkSource createSink, Func<ListenerSettings, Props> listen)
    {
        _outbox = outbox;
        _servers = servers;
        _createSink = createSink;
        _listen = listen;
    }

    public static Props Props(IReadOnlyList<ServerSettings> servers, OutboxAccess outbox, SinkSource createSink, Func<ListenerSettings, Props> listen) =>
        PlainProps.Of(() => new ServerSupervisor(servers, outbox, createSink, listen));

    protected override void PreStart()
    {
        // Before the first of them forgets anything.
        foreach (var server in _servers)
            Remember(server);
        foreach (var server in _servers)
            Add(server);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ServerEvents.Bound or ServerEvents.BindFailed:
                Answer((ServerEvents.IServerEvent)message);
                break;
            case ServerEvents.WhenBound:
                _waiting.Add(Sender);
                Reply();
                break;
            case ServerCommands.Add { Server: var server } when _stopping || _children.Contains(server.Name):
                Sender.Tell(new ServerEvents.BindFailed(server.Name, server.Endpoint, _stopping ? "the system is stopping" : $"there is a server named {server.Name} already"));
                break;
            case ServerCommands.Add { Server: var server }:
                _adding[server.Name] = (Sender, server);
                Add(server);
                break;
            case ServerCommands.Remove remove when _children.Dismiss(remove.Server, Sender) is { } child:
                child.Tell(remove.CutOff ? new ServerEvents.CutOff() : new ServerEvents.Drain());
                break;
            case ServerCommands.Remove remove:
                Sender.Tell(new ServerEvents.Removed(remove.Server));
                break;
            case ServerEvents.Drain or ServerEvents.CutOff:
                _stopping = true;
                _draining.Begin(message, _children.All, Sender);
                break;
            case ServerEvents.Drained when _children.IsLeaving(Sender):
                Context.Stop(Sender);
                break;
            case Terminated terminated:
                Remove(terminated.ActorRef);
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

    private void Answer(ServerEvents.IServerEvent answer)
    {
        if (_adding.Remove(answer.Server, out var adding))
        {
            adding.Adder.Tell(answer);
        }
        else if (_servers.Any(s => s.Name == answer.Server))
        {
            _answers[answer.Server] = answer;
            Reply();
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

    private void Add(ServerSettings server)
    {
        Remember(server);
        var memory = _memories[server.Name] = ServerMemory.Of(server, _inboxes, _outbox, _createSink);
        var child = Context.ActorOf(ServerActor.Props(server, memory, _createSink, _listen), server.Name);
        Context.Watch(child);
        _children.Add(server.Name, child);
    }

    private void Remember(ServerSettings server)
    {
        if (server.Sink == "relay")
            _outbox.Remember(server.Remembers);
    }

    private void Remove(IActorRef child)
    {
        _draining.Done(child);
        var (name, askers) = _children.Remove(child);
        if (_memories.Remove(name, out var memory))
            _ = memory.LetGoAsync();
        if (Unanswered(name) is { } server)
            Answer(new ServerEvents.BindFailed(name, server.Endpoint, "it was removed before it listened"));
        if (askers.Count == 0)
            return;
        var removed = new ServerEvents.Removed(name);
        Context.System.EventStream.Publish(removed);
        foreach (var asker in askers)
            asker.Tell(removed);
    }

    /// <summary>A server of which nobody knows yet whether it listens.</summary>
    private ServerSettings? Unanswered(string name) =>
        _adding.TryGetValue(name, out var adding) ? adding.Server : _answers.ContainsKey(name) ? null : _servers.FirstOrDefault(s => s.Name == name);

    protected override void PostStop()
    {
        foreach (var memory in _memories.Values)
            _ = memory.LetGoAsync();
    }
}
