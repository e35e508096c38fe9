using ActorSockets.Configuration;
using ActorSockets.Host.Inputs;
using Akka.Configuration;

namespace ActorSockets.Host.Configuration;

/// <summary>All settings of a run: the library's, and those that only the program has.</summary>
/// <param name="Library">Servers, targets, ticker.</param>
/// <param name="Report">What the program says of a run.</param>
/// <param name="DrainRetryTimeout">How long a delivery without a connection may go on after the first signal.</param>
/// <param name="DrainReportInterval">How often the program reports during a drain what it waits for.</param>
/// <param name="ExitWhenDelivered">Whether the run ends by itself when every delivery has its outcome.</param>
internal sealed record ProgramSettings(
    ActorSocketsSettings Library,
    ReportSettings Report,
    TimeSpan DrainRetryTimeout,
    TimeSpan DrainReportInterval,
    bool ExitWhenDelivered)
{
    /// <summary>Every default: the library's and the program's.</summary>
    public static Config Reference { get; } = ActorSocketsSettings.ReferenceOf(typeof(ProgramSettings).Assembly).WithFallback(ActorSocketsSettings.Reference);

    /// <summary>Reads <c>actor-sockets { }</c>, with both reference.conf files below it.</summary>
    /// <param name="config">What the user wrote.</param>
    /// <param name="inputs">Gets the streams that are payloads; null: nobody reads them.</param>
    /// <exception cref="SettingsException">Something is wrong; lists every error.</exception>
    public static ProgramSettings From(Config config, InputPayloads? inputs = null)
    {
        inputs ??= new InputPayloads();
        ProgramSettings? own = null;
        var library = ActorSocketsSettings.From(config, Reference, (section, settings) => own = Read(section, settings),
            new ActorSocketsOptions().AddPayload("stream", inputs.Of));
        return own! with { Library = library };
    }

    private static ProgramSettings Read(SettingsSection section, ActorSocketsSettings library)
    {
        var shutdown = section.Merged("shutdown");
        var own = new ProgramSettings(
            library,
            ReportSettings.From(section.Merged("report")),
            shutdown.Duration("retry-timeout", TimeSpan.Zero, TimeSpan.FromHours(1)),
            shutdown.Duration("report-interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            section.Switch("exit-when-delivered"));
        if (own.ExitWhenDelivered && library.Targets.All(t => t.Payload is null) && !section.HasErrors)
            section.Reject("exit-when-delivered", "is on, but no target has a payload");
        return own;
    }
}
