using ActorSockets.Platform;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// Lets so many connections be opened at a time, first come, first served, and no more attempts live at a time than there
/// are file handles for: a payload and a socket each. A place for connecting is given back when its holder is connected,
/// or has waited for a while; both are when it is dead.
/// </summary>
/// <param name="places">Connections being opened at a time.</param>
/// <param name="attempts">Attempts at a time.</param>
internal sealed class ConnectGate(int places, long attempts) : UntypedActor
{
    // No target can have this name: '~' is not allowed in one.
    public const string Name = "~connect-gate";

    private readonly HashSet<IActorRef> _connecting = [];
    private readonly HashSet<IActorRef> _alive = [];
    private readonly Queue<IActorRef> _waiting = new();
    private readonly HashSet<IActorRef> _dead = [];

    public static Props Props(int places, long attempts) => PlainProps.Of(() => new ConnectGate(places, attempts));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Enter:
                Context.Watch(Sender);
                _waiting.Enqueue(Sender);
                break;
            case Leave:
                _connecting.Remove(Sender);
                break;
            case Terminated terminated:
                _connecting.Remove(terminated.ActorRef);
                if (!_alive.Remove(terminated.ActorRef))
                    _dead.Add(terminated.ActorRef);
                break;
            default:
                Unhandled(message);
                break;
        }

        while (_connecting.Count < places && _alive.Count < attempts && _waiting.TryDequeue(out var next))
        {
            if (_dead.Remove(next))
                continue;
            _connecting.Add(next);
            _alive.Add(next);
            next.Tell(Entered.Instance);
        }
    }

    /// <summary>Asks for a place; the answer is <see cref="Entered"/>.</summary>
    public sealed class Enter
    {
        public static readonly Enter Instance = new();
    }

    /// <summary>The place is yours until you <see cref="Leave"/> or die.</summary>
    public sealed class Entered
    {
        public static readonly Entered Instance = new();
    }

    /// <summary>Gives the place for connecting back.</summary>
    public sealed class Leave
    {
        public static readonly Leave Instance = new();
    }
}
