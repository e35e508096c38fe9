using ActorSockets.Host.Reporting;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Hosting;
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
        }
        """);

    /// <summary>Runs until everything is delivered or somebody stops it; returns the exit code.</summary>
    public static async Task<int> RunAsync(Config config)
    {
        // Before anything starts: what is wrong here ends in one list of errors.
        var settings = ActorSocketsSettings.From(config);

        await using var output = new Output(Console.OpenStandardOutput(), Console.OpenStandardError());
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddAkka("actorsockets", akka => akka
            .AddSetup(new ActorSocketsSetup(output.PrintAsync))
            .AddSetup(new OutputSetup(output))
            .AddHocon(config.WithFallback(Quiet), HoconAddMode.Prepend));

        using var host = builder.Build();
        await host.StartAsync();
        var exitCode = await new Run(host.Services.GetRequiredService<Akka.Actor.ActorSystem>(), settings, output).ToEndAsync();
        await host.StopAsync();
        return exitCode;
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
