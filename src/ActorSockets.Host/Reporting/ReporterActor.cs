using ActorSockets.Clients;
using ActorSockets.Servers;
using ActorSockets.Ticker;
using Akka.Actor;

namespace ActorSockets.Host.Reporting;

/// <summary>Hears every event, prints it as a plain line, and keeps the summary, which it gives to who asks for it.</summary>
internal sealed class ReporterActor : UntypedActor
{
    private readonly RunSummary _summary = new();
    private readonly PlainLines _lines;
    private readonly Output _output;
    private readonly List<IActorRef> _waiting = [];

    public ReporterActor(ActorSocketsSettings settings, Output output)
    {
        _lines = new PlainLines(settings);
        _output = output;
    }

    public static Props Props(ActorSocketsSettings settings, Output output) =>
        Akka.Actor.Props.Create(() => new ReporterActor(settings, output));

    protected override void PreStart()
    {
        Type[] events = [typeof(Deliveries.IDeliveryEvent), typeof(ServerEvents.IServerEvent), typeof(Ticked)];
        foreach (var type in events)
            Context.System.EventStream.Subscribe(Self, type);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Expect expect:
                foreach (var (target, id) in expect.Deliveries)
                    _summary.Expect(target, id);
                break;
            case WhenAllEnded:
                _waiting.Add(Sender);
                break;
            case Summarise:
                Sender.Tell(Summary());
                break;
            default:
                if (_lines.For(message, Context.System.Scheduler.MonotonicClock) is { } line)
                    _output.Say(line);
                _summary.Add(message);
                break;
        }

        if (_waiting.Count == 0 || _summary.Unfinished > 0)
            return;
        _waiting.ForEach(w => w.Tell(Summary()));
        _waiting.Clear();
    }

    private Summarised Summary() => new(_summary.AllDelivered, _summary.UnderWay(), _summary.Lines());

    /// <summary>These deliveries are about to begin.</summary>
    public sealed record Expect(IReadOnlyList<(string Target, string Id)> Deliveries);

    /// <summary>Asks for <see cref="Summarised"/> when every expected delivery has its outcome.</summary>
    public sealed record WhenAllEnded;

    /// <summary>Asks for <see cref="Summarised"/> as things are.</summary>
    public sealed record Summarise;

    /// <summary>What the run came to.</summary>
    public sealed record Summarised(bool AllDelivered, IReadOnlyList<string> UnderWay, IReadOnlyList<string> Lines);
}
