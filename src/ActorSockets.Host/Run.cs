using System.Runtime.InteropServices;
using ActorSockets.Clients;
using ActorSockets.Host.Reporting;
using Akka.Actor;

namespace ActorSockets.Host;

/// <summary>
/// From start to exit code: the reporter first, then servers, then deliveries, then the wait for an end. The first signal
/// lets what is under way finish, the second one ends at once, and so does a stdout that nobody reads any more.
/// </summary>
internal sealed class Run(ActorSystem system, ActorSocketsSettings settings, ReportFormat format, Output output)
{
    private static readonly TimeSpan LastOutcomesTimeout = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource<PosixSignal> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether there is no time for an orderly end of the system.</summary>
    public bool EndsAtOnce => AtOnce.IsCompleted;

    private Task AtOnce => field ??= Task.WhenAny(_second.Task, output.ReaderLeft);

    public async Task<int> ToEndAsync()
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Signalled);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Signalled);

        var reporter = system.ActorOf(ReporterActor.Props(settings, format, output), "reporter");
        // It subscribes when it starts, which is not when it is created: an answer says that it has.
        await AskAsync(reporter);
        var sockets = ActorSocketsExtension.For(system, Print);
        var servers = await sockets.WhenBoundAsync();
        if (servers.Failed.Count > 0)
            return await ConcludeAsync(reporter, ExitCodes.Failure);

        var deliveries = settings.Targets.Where(t => t.Payload is not null).Select(t => (t.Name, t.Name)).ToArray();
        reporter.Tell(new ReporterActor.Expect(deliveries));
        sockets.DeliverConfigured();
        await EndAsync(reporter, endsByItself: settings.ExitWhenDelivered);
        var left = await DrainAsync(reporter, sockets.DrainAsync());
        if (left.Count > 0)
            await CutOffAsync(reporter, sockets, deliveries);
        return await ConcludeAsync(reporter, ExitCode(left, await AskAsync(reporter)));
    }

    private ValueTask Print(string lines) => new(format == ReportFormat.Json ? JsonReport.PrintAsync(output, lines) : output.PrintAsync(lines));

    private async Task<int> ConcludeAsync(IActorRef reporter, int exitCode)
    {
        await reporter.Ask<ReporterActor.Summarised>(new ReporterActor.Conclude(exitCode));
        if (format != ReportFormat.Json || output.DataFailure is not { } failure)
            return exitCode;
        output.TrySay($"error: stdout: events are missing there: {failure}");
        return ExitCodes.Failure;
    }

    private async Task EndAsync(IActorRef reporter, bool endsByItself)
    {
        if (endsByItself)
            await Task.WhenAny(_first.Task, AtOnce, reporter.Ask<ReporterActor.Summarised>(new ReporterActor.WhenAllEnded(), Timeout.InfiniteTimeSpan));
        else
            await Task.WhenAny(_first.Task, AtOnce);
    }

    /// <summary>What was under way gets its outcome too: how much of it was taken.</summary>
    private static async Task CutOffAsync(IActorRef reporter, ActorSocketsExtension sockets, IEnumerable<(string Target, string Id)> deliveries)
    {
        foreach (var (target, id) in deliveries)
            sockets.Ref.Tell(new Deliveries.Cancel(id, target), ActorRefs.NoSender);
        try
        {
            await reporter.Ask<ReporterActor.Summarised>(new ReporterActor.WhenAllEnded(), LastOutcomesTimeout);
        }
        catch (AskTimeoutException)
        {
            // They are listed as undelivered.
        }
    }

    /// <summary>Lets what is under way finish; what is left then is the answer.</summary>
    private async Task<IReadOnlyList<string>> DrainAsync(IActorRef reporter, Task<bool> drained)
    {
        var said = false;
        while (!drained.IsCompleted && !EndsAtOnce)
        {
            var underWay = (await AskAsync(reporter)).UnderWay;
            if (underWay.Count > 0)
            {
                reporter.Tell(said ? new RunEvents.StillWaiting(underWay) : new RunEvents.Stopping(underWay, settings.DrainTimeout));
                said = true;
            }

            await Task.WhenAny(drained, AtOnce, Task.Delay(settings.DrainReportInterval));
        }

        var left = (await AskAsync(reporter)).UnderWay;
        if (left.Count > 0)
            reporter.Tell(new RunEvents.Stopped(left));
        return left;
    }

    private int ExitCode(IReadOnlyList<string> left, ReporterActor.Summarised summary)
    {
        if (output.ReaderLeft.IsCompleted)
            return ExitCodes.Signal(ExitCodes.BrokenPipe);
        if (left.Count > 0 && _first.Task.IsCompletedSuccessfully)
            return ExitCodes.Signal(_first.Task.Result == PosixSignal.SIGINT ? 2 : 15);
        return summary.AllDelivered ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static Task<ReporterActor.Summarised> AskAsync(IActorRef reporter) =>
        reporter.Ask<ReporterActor.Summarised>(new ReporterActor.Summarise());

    private void Signalled(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!_first.TrySetResult(context.Signal))
            _second.TrySetResult();
    }
}
