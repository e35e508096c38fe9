namespace ActorSockets.Host.Reporting;

/// <summary>Every event as JSON on stdout. When nobody takes them fast enough, some are left out, and their number is told.</summary>
internal sealed class JsonReport(Output output)
{
    private long _leftOut;

    public void Hear(object happened)
    {
        if (_leftOut > 0 && output.TryPrint(JsonLines.For(new RunEvents.LeftOut(_leftOut))))
            _leftOut = 0;
        if (!output.TryPrint(JsonLines.For(happened)))
            _leftOut++;
    }

    /// <summary>What a console sink prints; the network waits for it.</summary>
    public static Task PrintAsync(Output output, string lines) =>
        output.PrintAsync(string.Join('\n', lines.Split('\n').Select(line => JsonLines.For(new RunEvents.Printed(line)))));
}
