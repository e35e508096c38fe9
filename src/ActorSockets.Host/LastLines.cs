using ActorSockets.Configuration;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host;

/// <summary>The end of a run waits for the reader of stdout: outcomes, the summary and printed data belong to the result.</summary>
internal sealed class LastLines(Output output, ReportSettings settings)
{
    private static readonly TimeSpan AtLeast = TimeSpan.FromSeconds(1);

    /// <summary>Waits until the data is written; null when it is, otherwise what is missing and why.</summary>
    /// <param name="within">A shorter limit than <c>last-lines-timeout</c>, or null; one second where it is less.</param>
    /// <param name="atOnce">Ends the wait after one second.</param>
    public async Task<string?> WaitAsync(TimeSpan? within, Task atOnce)
    {
        // A terminal that is stopped (Ctrl+S) with nothing but messages under way is not waited for.
        var written = output.HasWaitingData ? output.FlushDataAsync() : Task.CompletedTask;
        var limit = Shorter(settings.LastLinesTimeout, within < AtLeast ? AtLeast : within ?? settings.LastLinesTimeout);
        await Task.WhenAny(written, Task.Delay(Shorter(limit, AtLeast)));
        if (!written.IsCompleted && limit > AtLeast && !atOnce.IsCompleted)
        {
            if (!settings.Quiet)
                output.TrySay($"stdout: waiting up to {Durations.Format(limit)} for its reader; a second signal stops at once");
            await Task.WhenAny(written, atOnce, Task.Delay(limit - AtLeast));
        }

        if (output.DataFailure is { } failure)
            return $"output is incomplete: {failure}";
        if (!written.IsCompleted && atOnce.IsCompleted)
            return "a second signal ended the run before the reader took the last lines: output is incomplete";
        if (!written.IsCompleted)
        {
            var setting = limit < settings.LastLinesTimeout ? "shutdown.drain-timeout" : "report.last-lines-timeout";
            return $"its reader did not take the last lines within {Durations.Format(limit)} ({setting}): output is incomplete";
        }

        return output.LostData > 0 ? $"{output.LostData} outcomes are missing: more waited than report.max-waiting-lines allows" : null;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
