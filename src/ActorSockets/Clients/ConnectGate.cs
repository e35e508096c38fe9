using Akka.Actor;

namespace ActorSockets.Clients;

/// <summary>
/// Lets so many connections be opened at a time, first come, first served. A place is given back when its holder is
/// connected, or dead.
/// </summary>
internal sealed class ConnectGate(int places) : UntypedActor
{
    // No target can have this name: '~' is not allowed in one.
    public const string Name = "~connect-gate";

    private readonly HashSet<IActorRef> _holders = [];
    private readonly Queue<IActorRef> _waiting = new();
    private readonly HashSet<IActorRef> _dead = [];

    public static Props Props(int places) => Akka.Actor.Props.Create(() => new ConnectGate(places));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Enter:
                Context.Watch(Sender);
                _waiting.Enqueue(Sender);
                break;
            case Leave:
                Context.Unwatch(Sender);
                _holders.Remove(Sender);
                break;
            case Terminated terminated when !_holders.Remove(terminated.ActorRef):
                _dead.Add(terminated.ActorRef);
                break;
            case Terminated:
                break;
            default:
                Unhandled(message);
                break;
        }

        while (_holders.Count < places && _waiting.TryDequeue(out var next))
        {
            if (_dead.Remove(next))
                continue;
            _holders.Add(next);
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

    /// <summary>Gives the place back.</summary>
    public sealed class Leave
    {
        public static readonly Leave Instance = new();
    }
}
