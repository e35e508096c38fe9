using System.Runtime.InteropServices;
using ActorSockets.Configuration;
using ActorSockets.Host.Reporting;
using ActorSockets.Servers;
using Akka.Actor;

namespace ActorSockets.Host;

/// <summary>
/// From start to exit code: the reporter first, then servers, then deliveries, then the wait for an end. The first signal
/// lets what is under way finish, the second one ends at once.
/// </summary>
internal sealed class Run(ActorSystem system, ActorSocketsSettings settings, Output output)
{
    private readonly TaskCompletionSource<PosixSignal> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether the second signal came: there is no time for an orderly end of the system.</summary>
    public bool EndsAtOnce => _second.Task.IsCompleted;

    public async Task<int> ToEndAsync()
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Signalled);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Signalled);

        var reporter = system.ActorOf(ReporterActor.Props(settings, output), "reporter");
        var sockets = ActorSocketsExtension.For(system);
        var servers = await sockets.Servers.Ask<ServerEvents.AllBound>(new ServerEvents.WhenBound());
        if (servers.Failed.Count > 0)
            return ExitCodes.Failure;

        var deliveries = settings.Targets.Where(t => t.Payload is not null).Select(t => (t.Name, t.Name)).ToArray();
        reporter.Tell(new ReporterActor.Expect(deliveries));
        sockets.DeliverConfigured();
        await EndAsync(reporter, endsByItself: settings.ExitWhenDelivered);
        await DrainAsync(reporter, sockets.DrainAsync());

        var summary = await AskAsync(reporter);
        foreach (var line in summary.Lines)
            output.Say(line);
        return ExitCode(summary);
    }

    private async Task EndAsync(IActorRef reporter, bool endsByItself)
    {
        if (endsByItself)
            await Task.WhenAny(_first.Task, reporter.Ask<ReporterActor.Summarised>(new ReporterActor.WhenAllEnded(), Timeout.InfiniteTimeSpan));
        else
            await _first.Task;
    }

    private async Task DrainAsync(IActorRef reporter, Task<bool> drained)
    {
        var said = false;
        while (!drained.IsCompleted && !EndsAtOnce)
        {
            var underWay = (await AskAsync(reporter)).UnderWay;
            if (underWay.Count > 0)
            {
                output.Say(said
                    ? $"still waiting for {string.Join(", ", underWay)}"
                    : $"stopping within {Durations.Format(settings.DrainTimeout)}, a second signal stops at once; waiting for {string.Join(", ", underWay)}");
                said = true;
            }

            await Task.WhenAny(drained, _second.Task, Task.Delay(settings.DrainReportInterval));
        }

        var left = (await AskAsync(reporter)).UnderWay;
        if (left.Count > 0)
            output.Say($"stopped with {string.Join(", ", left)} under way");
    }

    private int ExitCode(ReporterActor.Summarised summary)
    {
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
