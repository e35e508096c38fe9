using ActorSockets.Configuration;
using ActorSockets.Host.Reporting;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Hosting;
using Akka.IO;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ActorSockets.Host;

/// <summary>A run as a Generic Host: the ActorSystem under Akka.Hosting, and <see cref="Run"/> beside it.</summary>
internal static class HostedRun
{
    private static readonly Config Quiet = ConfigurationFactory.ParseString($$"""
        akka {
          loglevel = WARNING
          stdout-loglevel = OFF
          loggers = ["{{typeof(AkkaLogger).FullName}}, {{typeof(AkkaLogger).Assembly.GetName().Name}}"]
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          # Signals are ours. Akka's own hook runs the shutdown a second time, and the process hangs (1.5.74).
          coordinated-shutdown.run-by-clr-shutdown-hook = off
        }
        """);

    /// <summary>Runs until everything is delivered or somebody stops it; returns the exit code.</summary>
    public static async Task<int> RunAsync(Config config)
    {
        // Before anything starts: what is wrong here ends in one list of errors.
        var settings = ActorSocketsSettings.From(config);

        var format = settings.Report.Format switch
        {
            ReportFormat.Auto => Terminal.IsThere && !settings.Report.Quiet ? ReportFormat.Live : ReportFormat.Lines,
            var asked => asked,
        };
        await using var output = new Output(format == ReportFormat.Live, settings.Report.MaxWaitingLines);
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddAkka("actorsockets", akka => akka
            .AddSetup(new ActorSocketsSetup(lines => new ValueTask(format == ReportFormat.Json ? JsonReport.PrintAsync(output, lines) : output.PrintAsync(lines))))
            .AddSetup(new OutputSetup(output))
            .AddHocon(config.WithFallback(Quiet).WithFallback(ActorSocketsSettings.Reference), HoconAddMode.Prepend));

        using var host = builder.Build();
        await StartAsync(host);
        var run = new Run(host.Services.GetRequiredService<Akka.Actor.ActorSystem>(), settings, format, output);
        var exitCode = await run.ToEndAsync();
        if (run.EndsAtOnce)
        {
            // Every socket is armed: what is open is reset by the kernel, which no peer takes for an end.
            await output.DisposeAsync();
            Environment.Exit(exitCode);
        }

        await host.StopAsync();
        return exitCode;
    }

    /// <exception cref="SettingsException">Akka does not start with these settings.</exception>
    private static async Task StartAsync(IHost host)
    {
        try
        {
            // First by itself: what goes wrong inside the start is logged with a stack trace.
            _ = host.Services.GetRequiredService<Akka.Actor.ActorSystem>();
            await host.StartAsync();
            // Akka.IO reads its part when it is first asked for.
            host.Services.GetRequiredService<Akka.Actor.ActorSystem>().Tcp();
        }
        catch (Exception e) when (e is not SettingsException)
        {
            throw new SettingsException("akka", $"does not start with these settings: {e.GetBaseException().Message.Split('\n')[0].Trim()}");
        }
    }

    /// <summary>Signals are <see cref="Run"/>'s.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>Hands the program's output to actors that Akka creates by itself.</summary>
internal sealed class OutputSetup(Output output) : Setup
{
    public Output Output { get; } = output;
}
