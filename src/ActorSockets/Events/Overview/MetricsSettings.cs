using ActorSockets.Configuration;

namespace ActorSockets.Events.Overview;

/// <summary>The instruments; <c>reference.conf</c>, metrics.</summary>
/// <param name="Enabled">Whether there are any.</param>
/// <param name="MaxTargets">Targets that have series of their own; with more, all are summed.</param>
/// <param name="Interval">How often listeners get new values.</param>
public sealed record MetricsSettings(bool Enabled, int MaxTargets, TimeSpan Interval)
{
    internal static MetricsSettings From(SettingsSection section) => new(
        section.Switch("enabled"),
        section.Int("max-targets", 0, 100_000),
        section.Duration("interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)));
}
