using System.Runtime.InteropServices;
using ActorSockets.Host.Reporting;
using ActorSockets.Servers;
using Akka.Actor;

namespace ActorSockets.Host;

/// <summary>
/// From start to exit code: the reporter first, then servers, then deliveries, then the wait for an end. The first signal
/// lets what is under way finish, the second one ends at once, and so does a stdout that nobody reads any more.
/// </summary>
internal sealed class Run(ActorSystem system, ActorSocketsSettings settings, ReportFormat format, Output output)
{
    private const int BrokenPipe = 13;

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
        var sockets = ActorSocketsExtension.For(system);
        var servers = await sockets.Servers.Ask<ServerEvents.AllBound>(new ServerEvents.WhenBound());
        if (servers.Failed.Count > 0)
            return await ConcludeAsync(reporter, ExitCodes.Failure);

        var deliveries = settings.Targets.Where(t => t.Payload is not null).Select(t => (t.Name, t.Name)).ToArray();
        reporter.Tell(new ReporterActor.Expect(deliveries));
        sockets.DeliverConfigured();
        await EndAsync(reporter, endsByItself: settings.ExitWhenDelivered);
        await DrainAsync(reporter, sockets.DrainAsync());

        return await ConcludeAsync(reporter, ExitCode(await AskAsync(reporter)));
    }

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

    private async Task DrainAsync(IActorRef reporter, Task<bool> drained)
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
    }

    private int ExitCode(ReporterActor.Summarised summary)
    {
        if (output.ReaderLeft.IsCompleted)
            return ExitCodes.Signal(BrokenPipe);
        if (summary.UnderWay.Count > 0 && _first.Task.IsCompletedSuccessfully)
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
