using ActorSockets.Outbox;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>Tells an actor that its line has changed: one message for any number of changes that it has not looked at.</summary>
internal sealed class LineSignal(IActorRef line) : IDeadLetterSuppression
{
    private const int None = 0, Longer = 1, Rearranged = 2;

    private int _change;

    /// <summary>The line has changed. Called by any thread.</summary>
    public void Raise(LineChange change)
    {
        var raised = change == LineChange.Rearranged ? Rearranged : Longer;
        int was;
        do
        {
            was = Volatile.Read(ref _change);
            if (was >= raised)
                return;
        }
        while (Interlocked.CompareExchange(ref _change, raised, was) != was);
        if (was == None)
            line.Tell(this);
    }

    /// <summary>The actor looks at it now.</summary>
    public LineChange Lower() => Interlocked.Exchange(ref _change, None) == Rearranged ? LineChange.Rearranged : LineChange.Longer;
}
