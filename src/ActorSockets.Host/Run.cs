using System.Runtime.CompilerServices;
using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Inputs;
using ActorSockets.Host.Reporting;
using ActorSockets.Web;
using Akka.Actor;

namespace ActorSockets.Host;

/// <summary>
/// From start to exit code: the reporter first, then servers, then deliveries, then the wait for an end. The first signal
/// drains, the second one ends at once, and so does a stdout that nobody reads any more.
/// </summary>
internal sealed class Run(
    ActorSystem system, IClusterNode? node, ProgramSettings settings, ConfigurationSource source, ReportFormat format, bool showTicker, Output output, StopSignals signals,
    InputPayloads inputs)
{
    private static readonly TimeSpan LastOutcomesTimeout = TimeSpan.FromSeconds(1);

    // How often a drain looks for deliveries that have lost their connection.
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(250);

    private readonly ServiceManager _serviceManager = ServiceManager.FromEnvironment();

    private TimeSpan? _drainingSince;

    /// <summary>Whether there is no time for an orderly end of the system.</summary>
    public bool EndsAtOnce => AtOnce.IsCompleted;

    private Task AtOnce => field ??= Task.WhenAny(signals.Second, output.ReaderLeft);

    private TimeSpan Now => system.Scheduler.MonotonicClock;

    public async Task<int> ToEndAsync()
    {
        var reporter = system.ActorOf(ReporterActor.Props(settings, format, showTicker, output), "reporter");
        // It subscribes when it starts, which is not when it is created: an answer proves that it has.
        await AskAsync(reporter);
        var sockets = ActorSocketsExtension.For(system, Print, settings.Library, node);
        var bound = sockets.WhenBoundAsync();
        var web = settings.Library.Web.Enabled ? StartWebAsync(reporter) : Task.FromResult(true);
        var outbox = OpenOutboxAsync(sockets, reporter);
        await Task.WhenAny(Task.WhenAll(bound, web, outbox), signals.First, AtOnce);
        if (outbox.IsCompleted && !await outbox || bound.IsCompleted && (await bound).Failed.Count > 0 || web.IsCompleted && !await web)
            return await ConcludeAsync(reporter, ExitCodes.Failure);

        _serviceManager.Ready();
        using var ended = new CancellationTokenSource();
        // An answer of the library's actors proves that they live.
        var watching = _serviceManager.WatchAsync(sockets.WhenBoundAsync, ended.Token);
        var exitCode = await DeliverAsync(reporter, sockets);
        await ended.CancelAsync();
        await watching;
        return exitCode;
    }

    private async Task<int> DeliverAsync(IActorRef reporter, ActorSocketsExtension sockets)
    {
        var deliveries = settings.Library.Targets.Where(t => t.Payload is not null).Select(t => (t.Name, t.PayloadId)).ToArray();
        reporter.Tell(new ReporterActor.Expect(deliveries));
        if (!signals.First.IsCompleted && !EndsAtOnce)
        {
            sockets.DeliverConfigured();
            await EndAsync(reporter, sockets);
        }

        _serviceManager.Stopping();
        var left = await DrainAsync(reporter, sockets);
        if (left.Count > 0)
            await CutOffAsync(reporter, sockets);
        var exitCode = await ExitCodeAsync(left, reporter);
        return await ConcludeAsync(reporter, sockets.Removed.IsCompleted && exitCode == ExitCodes.Success ? ExitCodes.Failure : exitCode);
    }

    private static async Task<bool> OpenOutboxAsync(ActorSocketsExtension sockets, IActorRef reporter)
    {
        try
        {
            await sockets.WhenOutboxIsOpenAsync();
            return true;
        }
        catch (IOException e)
        {
            reporter.Tell(new RunEvents.NoOutbox(e.Message));
            return false;
        }
    }

    /// <summary>Only this method loads ActorSockets.Web.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<bool> StartWebAsync(IActorRef reporter)
    {
        try
        {
            reporter.Tell(new RunEvents.WebListening(await WebServer.StartAsync(system)));
            return true;
        }
        catch (IOException e)
        {
            reporter.Tell(new RunEvents.WebFailed(e.Message));
            return false;
        }
    }

    private ValueTask Print(string server, string peer, string lines) =>
        new(format == ReportFormat.Json ? JsonReport.PrintAsync(output, server, peer, lines) : output.PrintAsync(lines));

    private async Task<int> ConcludeAsync(IActorRef reporter, int exitCode)
    {
        if (exitCode == ExitCodes.Success && output.LostData > 0)
            exitCode = ExitCodes.Failure;
        await reporter.Ask<ReporterActor.Summarised>(new ReporterActor.Conclude(exitCode));
        var last = new LastLines(output, settings.Report);
        // After a signal the whole stop fits into the drain's time.
        var loss = await last.WaitAsync(_drainingSince is { } since && signals.First.IsCompleted ? settings.Library.DrainTimeout - (Now - since) : null, AtOnce);
        if (output.ReaderLeft.IsCompleted)
            return ExitCodes.BrokenPipe;
        if (loss is null)
            return exitCode;
        output.TrySay($"error: stdout: {loss}");
        return exitCode == ExitCodes.Success ? ExitCodes.Failure : exitCode;
    }

    /// <summary>Waits for the end, and reloads the configuration as often as a signal asks for it.</summary>
    private async Task EndAsync(IActorRef reporter, ActorSocketsExtension sockets)
    {
        Reloader? reloader = null;
        while (!signals.First.IsCompleted && !EndsAtOnce)
        {
            var reload = signals.Reload;
            var allEnded = settings.ExitWhenDelivered
                ? reporter.Ask<ReporterActor.Summarised>(new ReporterActor.WhenAllEnded(), Timeout.InfiniteTimeSpan)
                : AtOnce;
            var ended = await Task.WhenAny(reload, signals.First, AtOnce, allEnded, sockets.Removed);
            if (ended == sockets.Removed)
                reporter.Tell(new RunEvents.OutOfCluster(await sockets.Removed));
            if (ended != reload)
                return;
            // One more that comes meanwhile finds the file changed again.
            signals.TakeReload();
            reloader ??= new Reloader(sockets, reporter, settings, source, inputs);
            _serviceManager.Reloading();
            await Task.WhenAny(reloader.ReloadAsync(), signals.First, AtOnce);
            _serviceManager.Ready();
        }
    }

    /// <summary>Deliveries that were cut off have an outcome too: how much of each was taken.</summary>
    private static async Task CutOffAsync(IActorRef reporter, ActorSocketsExtension sockets)
    {
        await sockets.CutOffAsync();
        try
        {
            await reporter.Ask<ReporterActor.Summarised>(new ReporterActor.WhenAllEnded(), LastOutcomesTimeout);
        }
        catch (AskTimeoutException)
        {
            // The summary lists them as undelivered.
        }
    }

    /// <summary>
    /// Lets deliveries and connections end. A stream that has not ended is broken off. A delivery without a connection has <c>retry-timeout</c> to get one, and is then
    /// cancelled. The answer is what did not end.
    /// </summary>
    private async Task<IReadOnlyList<string>> DrainAsync(IActorRef reporter, ActorSocketsExtension sockets)
    {
        var underWay = (await AskAsync(reporter)).UnderWay;
        var drained = sockets.DrainAsync();
        var since = Now;
        _drainingSince = since;
        var nextReport = TimeSpan.Zero;
        var broken = signals.First.IsCompleted ? inputs.BreakOff($"was broken off by {await signals.First}") : [];
        var cancelled = settings.Library.Targets.Where(t => broken.Contains(t.Payload)).Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        while (!drained.IsCompleted && !EndsAtOnce)
        {
            var (state, waited) = (await AskAsync(reporter), Now - since);
            // What is left after that has been cut off.
            if (waited < settings.Library.DrainTime)
                underWay = state.UnderWay;
            if (state.UnderWay.Count > 0 && waited >= nextReport)
            {
                reporter.Tell(nextReport > TimeSpan.Zero ? new RunEvents.StillWaiting(state.UnderWay) : new RunEvents.Stopping(state.UnderWay, settings.Library.DrainTime));
                nextReport = waited + settings.DrainReportInterval;
            }

            if (waited >= settings.DrainRetryTimeout)
            {
                Cancel(sockets, state.Unconnected);
                cancelled.UnionWith(state.Unconnected.Select(d => d.Target));
            }

            await Task.WhenAny(drained, AtOnce, Task.Delay(DrainStep));
        }

        var end = await AskAsync(reporter);
        if (EndsAtOnce)
            underWay = end.UnderWay;
        else if (await drained)
            underWay = [];
        IReadOnlyList<string> left = [.. underWay, .. end.Failed.Where(cancelled.Contains).Select(target => $"target {target}")];
        if (left.Count > 0)
            reporter.Tell(new RunEvents.Stopped(left));
        return left;
    }

    private static void Cancel(ActorSocketsExtension sockets, IEnumerable<(string Target, string Id)> deliveries)
    {
        foreach (var (target, id) in deliveries)
            sockets.Ref.Tell(new Deliveries.Cancel(id, target), ActorRefs.NoSender);
    }

    private async Task<int> ExitCodeAsync(IReadOnlyList<string> left, IActorRef reporter)
    {
        if (output.ReaderLeft.IsCompleted)
            return ExitCodes.BrokenPipe;
        if (left.Count > 0 && signals.First.IsCompleted)
            return ExitCodes.Of(await signals.First);
        return (await AskAsync(reporter)).AllDelivered ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static Task<ReporterActor.Summarised> AskAsync(IActorRef reporter) =>
        reporter.Ask<ReporterActor.Summarised>(new ReporterActor.Summarise());
}
