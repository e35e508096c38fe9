using System.Text;
using ActorSockets.Events;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// Every event as JSON on stdout. While the reader is slow, progress is dropped first, and a <c>left-out</c> event counts it;
/// outcomes and errors have room reserved. The summary always goes out.
/// </summary>
internal sealed class JsonReport(Output output)
{
    // Characters of one write: too few for the large object heap, which frees memory late.
    private const int LongestPrint = 24 * 1024;

    private long _leftOut;

    public void Hear(object happened)
    {
        if (happened is RunEvents.Summary)
        {
            // The end of the run waits for these two.
            if (_leftOut > 0)
                _ = output.PrintAsync(JsonLines.For(new RunEvents.LeftOut(_leftOut)));
            _ = output.PrintAsync(JsonLines.For(happened));
            return;
        }

        if (_leftOut > 0 && output.TryPrint(JsonLines.For(new RunEvents.LeftOut(_leftOut)), keep: false))
            _leftOut = 0;
        if (!output.TryPrint(JsonLines.For(happened), MustArrive(happened)))
            _leftOut++;
    }

    /// <summary>What a console sink prints; the network waits for it.</summary>
    public static async Task PrintAsync(Output output, string server, string peer, string lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines.Split('\n'))
        {
            if (text.Length > 0)
                text.Append('\n');
            text.Append(JsonLines.For(new RunEvents.Printed(server, peer, line)));
            if (text.Length < LongestPrint)
                continue;
            await output.PrintAsync(text.ToString());
            text.Clear();
        }

        if (text.Length > 0)
            await output.PrintAsync(text.ToString());
    }

    private static bool MustArrive(object happened) =>
        happened is Deliveries.IOutcome or ServerEvents.Completed or ServerEvents.Stored or RunEvents.IRunEvent || PlainLines.IsError(happened);
}
