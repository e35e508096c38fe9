using Akka.Actor;

namespace ActorSockets.Platform;

/// <summary>A supervisor's count of children that still have something under way, and who wants to know when none has.</summary>
internal sealed class DrainCount(object drained)
{
    private readonly HashSet<IActorRef> _busy = [];
    private readonly List<IActorRef> _askers = [];

    /// <summary>Passes the request on to every child; the asker is told when none has anything under way.</summary>
    public void Begin(object request, IEnumerable<IActorRef> children, IActorRef asker)
    {
        _askers.Add(asker);
        _busy.UnionWith(children);
        foreach (var child in _busy)
            child.Tell(request);
        Report();
    }

    /// <summary>A child has nothing under way any more.</summary>
    public void Done(IActorRef child)
    {
        _busy.Remove(child);
        Report();
    }

    private void Report()
    {
        if (_busy.Count > 0)
            return;
        _askers.ForEach(asker => asker.Tell(drained));
        _askers.Clear();
    }
}
