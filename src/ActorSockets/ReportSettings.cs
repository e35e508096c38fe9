using ActorSockets.Configuration;

namespace ActorSockets;

/// <summary>How the program says what happens.</summary>
public enum ReportFormat
{
    /// <summary><see cref="Live"/> on a terminal, <see cref="Lines"/> without one.</summary>
    Auto,

    /// <summary>A table on stderr that is kept up to date.</summary>
    Live,

    /// <summary>Lines on stderr.</summary>
    Lines,

    /// <summary>JSON objects on stdout.</summary>
    Json,
}

/// <summary>What the program says of a run; <c>reference.conf</c>, report.</summary>
/// <param name="Format">How.</param>
/// <param name="Quiet">Errors only.</param>
/// <param name="RefreshInterval">How often the live table is drawn.</param>
/// <param name="MaxRows">Targets that the live table shows.</param>
/// <param name="MaxLinesPerSecond">Lines that are no errors.</param>
/// <param name="ProgressLineInterval">How often a delivery's progress is a line.</param>
/// <param name="MaxWaitingLines">Lines that wait for whoever reads them.</param>
public sealed record ReportSettings(
    ReportFormat Format,
    bool Quiet,
    TimeSpan RefreshInterval,
    int MaxRows,
    int MaxLinesPerSecond,
    TimeSpan ProgressLineInterval,
    int MaxWaitingLines)
{
    internal static ReportSettings From(SettingsSection section) => new(
        section.Choice<ReportFormat>("format"),
        section.Switch("quiet"),
        section.Duration("refresh-interval", TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
        section.Int("max-rows", 1, 1000),
        section.Int("max-lines-per-second", 1, 100_000),
        section.Duration("progress-line-interval", TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
        section.Int("max-waiting-lines", 16, 1_000_000));
}
