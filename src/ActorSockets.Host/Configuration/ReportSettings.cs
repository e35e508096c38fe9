using ActorSockets.Configuration;

namespace ActorSockets.Host.Configuration;

/// <summary>How the program says what happens.</summary>
internal enum ReportFormat
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

/// <summary>Whether messages carry their time.</summary>
internal enum Timestamps
{
    /// <summary><see cref="On"/> when stderr is a file or a pipe and not systemd's journal, otherwise <see cref="Off"/>.</summary>
    Auto,

    /// <summary>Each line starts with its UTC time, in ISO 8601.</summary>
    On,

    /// <summary>None.</summary>
    Off,
}

/// <summary>What the program says of a run; <c>reference.conf</c>, report.</summary>
/// <param name="Format">How.</param>
/// <param name="Quiet">Errors only.</param>
/// <param name="RefreshInterval">How often the live table is drawn.</param>
/// <param name="MaxRows">Targets that the live table shows.</param>
/// <param name="MaxLinesPerSecond">Lines that are no errors.</param>
/// <param name="ProgressLineInterval">How often a delivery's progress is a line.</param>
/// <param name="MaxWaitingLines">Lines that may wait for their reader.</param>
/// <param name="LastLinesTimeout">How long the end of a run waits for the reader of stdout.</param>
/// <param name="Timestamps">Whether lines on stderr carry their time.</param>
internal sealed record ReportSettings(
    ReportFormat Format,
    bool Quiet,
    TimeSpan RefreshInterval,
    int MaxRows,
    int MaxLinesPerSecond,
    TimeSpan ProgressLineInterval,
    int MaxWaitingLines,
    TimeSpan LastLinesTimeout,
    Timestamps Timestamps)
{
    internal static ReportSettings From(SettingsSection section) => new(
        section.Choice<ReportFormat>("format"),
        section.Switch("quiet"),
        section.Duration("refresh-interval", TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
        section.Int("max-rows", 1, 1000),
        section.Int("max-lines-per-second", 1, 100_000),
        section.Duration("progress-line-interval", TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
        section.Int("max-waiting-lines", 16, 1_000_000),
        section.Duration("last-lines-timeout", TimeSpan.Zero, TimeSpan.FromDays(1)),
        section.Choice<Timestamps>("timestamps"));
}
