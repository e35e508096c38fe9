using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// Messages for people on stderr. Without a live table: every event, at a limited rate. With one: what the table does not
/// show. With JSON, or when quiet: errors.
/// </summary>
internal sealed class StderrReport(ProgramSettings settings, ReportFormat format, bool showTicker, Output output)
{
    private readonly PlainLines _lines = new(settings, showTicker);
    private readonly LineLimit _limit = new(settings.Report.MaxLinesPerSecond);

    /// <summary>A target that was added or changed while the program runs.</summary>
    public void Add(TargetSettings target) => _lines.Add(target);

    public void Hear(object happened, TimeSpan now)
    {
        var isError = PlainLines.IsError(happened);
        if (!isError && !IsSaid(happened) || _lines.For(happened, now) is not { } line)
            return;
        // Errors, nodes and the summary are never left out for their rate.
        if (!isError && happened is not (RunEvents.IRunEvent or ClusterEvents.IClusterEvent) && !_limit.TryTake(now))
            return;
        if (_limit.LeftOut > 0 && output.TrySay(_lines.For(new RunEvents.LeftOut(_limit.LeftOut), now)!))
            _limit.LeftOut = 0;
        if (!output.TrySay(line))
            _limit.LeftOut++;
    }

    private bool IsSaid(object happened) => !settings.Report.Quiet && format switch
    {
        ReportFormat.Json => false,
        ReportFormat.Live => happened is ServerEvents.AcceptRecovered or ServerEvents.ForeignProtocol or TlsEvents.ITlsEvent or ClusterEvents.IClusterEvent or RunEvents.IRunEvent || happened is ServerEvents.Bound bound && PlainLines.Exposes(bound),
        _ => true,
    };
}
