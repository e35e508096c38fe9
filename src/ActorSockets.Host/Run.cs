using System.Runtime.InteropServices;
using ActorSockets.Host.Reporting;
using ActorSockets.Servers;
using Akka.Actor;

namespace ActorSockets.Host;

/// <summary>From start to exit code: the reporter first, then servers, then deliveries, then the wait for an end.</summary>
internal sealed class Run(ActorSystem system, ActorSocketsSettings settings, Output output)
{
    private readonly TaskCompletionSource<PosixSignal> _signalled = new(TaskCreationOptions.RunContinuationsAsynchronously);

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
        await EndAsync(reporter, endsByItself: settings.ExitWhenDelivered && deliveries.Length > 0);

        var summary = await reporter.Ask<ReporterActor.Summarised>(new ReporterActor.Summarise());
        foreach (var line in summary.Lines)
            output.Say(line);
        return ExitCode(summary);
    }

    private async Task EndAsync(IActorRef reporter, bool endsByItself)
    {
        if (settings.Servers.Count == 0 && settings.Targets.Count == 0 && !settings.Ticker.Enabled)
            output.Say("nothing to do: the configuration has no servers, no targets and no ticker");
        else if (endsByItself)
            await Task.WhenAny(_signalled.Task, reporter.Ask<ReporterActor.Summarised>(new ReporterActor.WhenAllEnded(), Timeout.InfiniteTimeSpan));
        else
            await _signalled.Task;
    }

    private int ExitCode(ReporterActor.Summarised summary)
    {
        if (summary.Unfinished > 0 && _signalled.Task.IsCompletedSuccessfully)
            return ExitCodes.Signal(_signalled.Task.Result == PosixSignal.SIGINT ? 2 : 15);
        return summary.AllDelivered ? ExitCodes.Success : ExitCodes.Failure;
    }

    private void Signalled(PosixSignalContext context)
    {
        context.Cancel = true;
        _signalled.TrySetResult(context.Signal);
    }
}
