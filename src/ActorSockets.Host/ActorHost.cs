using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Inputs;
using ActorSockets.Host.Reporting;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorSockets.Host;

/// <summary>Starts the ActorSystem of a run, lets <see cref="Run"/> do its work, and ends the system.</summary>
internal static class ActorHost
{
    private const string Name = "actorsockets";

    private static readonly Config Quiet = ConfigurationFactory.ParseString("""
        akka {
          loglevel = WARNING
          stdout-loglevel = OFF
          # AkkaLogger listens by itself.
          loggers = []
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          # Signals are ours. Akka's own hook runs the shutdown a second time, and the process hangs (1.5.74).
          coordinated-shutdown.run-by-clr-shutdown-hook = off

          # A thread that sleeps until a timer is due. Akka's own wheel turns every 10 ms, and takes 3 to 4 % of a core for it
          # while nothing happens.
          scheduler.implementation = "ActorSockets.Platform.TimerScheduler, ActorSockets"

          # As actor-sockets.dispatcher: what reports stays off the .NET thread pool too.
          actor.default-dispatcher {
            executor = fork-join-executor
            fork-join-executor { parallelism-min = 2, parallelism-factor = 1.0, parallelism-max = 64 }
          }
        }
        """);

    /// <summary>Runs until everything is delivered or a signal stops it; returns the exit code.</summary>
    /// <param name="source">What to run.</param>
    /// <param name="showTicker">Whether the final summary has a line about the ticker.</param>
    /// <param name="signals">Signals, from before the configuration was read.</param>
    /// <exception cref="SettingsException">The configuration is wrong; lists every error. Nothing has started.</exception>
    /// <exception cref="ClusterPortException">This node cannot listen for the others. Nothing has started.</exception>
    public static async Task<int> RunAsync(ConfigurationSource source, bool showTicker, StopSignals signals)
    {
        using var inputs = new InputPayloads(source.Layers.Expected);
        var settings = ProgramSettings.From(source.Layers.Effective, inputs);
        var format = settings.Report.Format switch
        {
            ReportFormat.Auto => Terminal.IsThere && !settings.Report.Quiet ? ReportFormat.Live : ReportFormat.Lines,
            var asked => asked,
        };

        inputs.Begin(settings.Library.Spool);
        await using var output = new Output(format == ReportFormat.Live, settings.Report);
        var node = settings.Library.Cluster.Enabled ? ClusterLibrary.Load() : null;
        using var system = Start(source.Layers.Effective, output, node, settings.Library.Cluster);
        var run = new Run(system, node, settings, source, format, showTicker, output, signals, inputs);
        var running = run.ToEndAsync();
        if (await Task.WhenAny(running, system.WhenTerminated) != running)
        {
            output.TrySay($"error: {(node is { Removed.IsCompletedSuccessfully: true } ? $"{ActorSocketsSettings.Root}.cluster: {await node.Removed}" : "Akka has ended the actor system")}");
            return ExitCodes.Failure;
        }

        var exitCode = await running;
        if (!run.EndsAtOnce)
            await Task.WhenAny(CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance), signals.Second);
        if (run.EndsAtOnce)
        {
            // The kernel resets every open connection, because the library has armed the sockets so. No peer mistakes that for an end.
            await output.DisposeAsync();
            Environment.Exit(exitCode);
        }

        return exitCode;
    }

    /// <summary>Starts an ActorSystem and ends it; opens no socket.</summary>
    /// <exception cref="SettingsException">Akka does not start with these settings.</exception>
    public static async Task CheckAsync(Config config)
    {
        using var system = Start(config, output: null, node: null, settings: null);
        await system.Terminate();
    }

    /// <exception cref="SettingsException">Akka does not start with these settings.</exception>
    private static ActorSystem Start(Config config, Output? output, IClusterNode? node, ClusterSettings? settings)
    {
        try
        {
            // Without a cluster not by way of a Setup: Akka would look for an app.config first (1.5.74).
            var all = config.WithFallback(Quiet).WithFallback(ProgramSettings.Reference);
            var system = node is null ? ActorSystem.Create(Name, all) : node.CreateSystem(Name, all, settings!);
            if (output is not null)
                system.EventStream.Subscribe(system.ActorOf(AkkaLogger.Props(output), "log"), typeof(LogEvent));
            return system;
        }
        catch (Exception e) when (e is not (SettingsException or ClusterPortException))
        {
            throw new SettingsException("akka", $"Akka does not start with this section: {e.GetBaseException().Message.Split('\n')[0].Trim()}");
        }
    }
}
