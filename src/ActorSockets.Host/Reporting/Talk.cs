using ActorSockets.Servers;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// What is said to people on stderr. Without a live table: all, at a limited rate. Beside one: what the table does not show.
/// With JSON, or when it is to be quiet: errors.
/// </summary>
internal sealed class Talk(ActorSocketsSettings settings, ReportFormat format, Output output)
{
    private readonly PlainLines _lines = new(settings);
    private readonly LineLimit _limit = new(settings.Report.MaxLinesPerSecond);

    public void Hear(object happened, TimeSpan now)
    {
        var isError = PlainLines.IsError(happened);
        if (!isError && !IsSaid(happened) || _lines.For(happened, now) is not { } line)
            return;
        // The last word is owed whatever was said before it.
        if (!isError && happened is not RunEvents.IRunEvent && !_limit.TryTake(now))
            return;
        if (_limit.LeftOut > 0 && output.TrySay(_lines.For(new RunEvents.LeftOut(_limit.LeftOut), now)!))
            _limit.LeftOut = 0;
        if (!output.TrySay(line))
            _limit.LeftOut++;
    }

    private bool IsSaid(object happened) => !settings.Report.Quiet && format switch
    {
        ReportFormat.Json => false,
        ReportFormat.Live => happened is ServerEvents.AcceptRecovered or RunEvents.IRunEvent || happened is ServerEvents.Bound bound && PlainLines.Exposes(bound),
        _ => true,
    };
}
