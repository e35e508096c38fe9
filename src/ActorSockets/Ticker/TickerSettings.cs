using ActorSockets.Configuration;

namespace ActorSockets.Ticker;

/// <summary>The ticker; <c>reference.conf</c>, ticker.</summary>
/// <param name="Enabled">Whether it runs.</param>
/// <param name="Interval">Time from tick to tick.</param>
public sealed record TickerSettings(bool Enabled, TimeSpan Interval)
{
    internal static TickerSettings From(SettingsSection section) =>
        new(section.Switch("enabled"), section.Duration("interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1)));
}
