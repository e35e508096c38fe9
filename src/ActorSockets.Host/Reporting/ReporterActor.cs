using ActorSockets.Clients;
using ActorSockets.Servers;
using ActorSockets.Ticker;
using Akka.Actor;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// Hears every event, tells it in the format that was asked for, and keeps the summary, which it gives to who asks for it.
/// </summary>
internal sealed class ReporterActor : UntypedActor, IWithTimers
{
    private readonly RunSummary _summary = new();
    private readonly TimeSpan _refreshInterval;
    private readonly Output _output;
    private readonly Talk _talk;
    private readonly JsonReport? _json;
    private readonly Board? _board;
    private readonly List<IActorRef> _waiting = [];

    public ReporterActor(ActorSocketsSettings settings, ReportFormat format, Output output)
    {
        _refreshInterval = settings.Report.RefreshInterval;
        _output = output;
        _talk = new Talk(settings, format, output);
        _json = format == ReportFormat.Json ? new JsonReport(output) : null;
        _board = format == ReportFormat.Live ? new Board(settings) : null;
    }

    public static Props Props(ActorSocketsSettings settings, ReportFormat format, Output output) =>
        PlainProps.Of(() => new ReporterActor(settings, format, output));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    protected override void PreStart()
    {
        Type[] events = [typeof(Deliveries.IDeliveryEvent), typeof(ServerEvents.IServerEvent), typeof(Ticked)];
        foreach (var type in events)
            Context.System.EventStream.Subscribe(Self, type);
        if (_board is not null)
            Timers.StartPeriodicTimer(Refresh.Instance, Refresh.Instance, TimeSpan.Zero, _refreshInterval);
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
                Sender.Tell(State());
                break;
            case Conclude conclude:
                Timers.CancelAll();
                _output.Show(null);
                Tell(_summary.Conclude(conclude.ExitCode));
                Sender.Tell(State());
                // That was the last word, whatever else happens on the way out.
                Become(_ => { });
                break;
            case Refresh:
                _output.Show(_board!.At(Now));
                break;
            default:
                Tell(message);
                break;
        }

        if (_waiting.Count == 0 || _summary.Unfinished > 0)
            return;
        _waiting.ForEach(w => w.Tell(State()));
        _waiting.Clear();
    }

    private void Tell(object happened)
    {
        _summary.Add(happened);
        _board?.Add(happened, Now);
        _json?.Hear(happened);
        _talk.Hear(happened, Now);
    }

    private Summarised State() => new(_summary.AllDelivered, _summary.UnderWay());

    /// <summary>These deliveries are about to begin.</summary>
    public sealed record Expect(IReadOnlyList<(string Target, string Id)> Deliveries);

    /// <summary>Asks for <see cref="Summarised"/> when every expected delivery has its outcome.</summary>
    public sealed record WhenAllEnded;

    /// <summary>Asks for <see cref="Summarised"/> as things are.</summary>
    public sealed record Summarise;

    /// <summary>Asks for the summary to be told, and then for <see cref="Summarised"/>.</summary>
    public sealed record Conclude(int ExitCode);

    /// <summary>What the run came to.</summary>
    public sealed record Summarised(bool AllDelivered, IReadOnlyList<string> UnderWay);

    private sealed class Refresh
    {
        public static readonly Refresh Instance = new();
    }
}
