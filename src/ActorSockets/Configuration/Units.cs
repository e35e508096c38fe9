using System.Globalization;

namespace ActorSockets.Configuration;

/// <summary>Sizes as people read them.</summary>
public static class Sizes
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>3 significant digits at least, in powers of 1024: <c>512 B</c>, <c>64 KiB</c>, <c>1.5 MiB</c>.</summary>
    public static string Format(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < Units.Length - 1)
            (value, unit) = (value / 1024, unit + 1);
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }
}

/// <summary>Durations as people read them.</summary>
public static class Durations
{
    /// <summary><c>250 ms</c>, <c>3.2 s</c>, <c>5 m</c>, <c>1 h 30 m</c>, <c>2 d</c>.</summary>
    public static string Format(TimeSpan time)
    {
        var culture = CultureInfo.InvariantCulture;
        if (time < TimeSpan.FromMilliseconds(10))
            return string.Create(culture, $"{time.TotalMilliseconds:0.#} ms");
        if (time < TimeSpan.FromSeconds(1))
            return string.Create(culture, $"{time.TotalMilliseconds:0} ms");
        if (time < TimeSpan.FromMinutes(1))
            return string.Create(culture, $"{time.TotalSeconds:0.#} s");
        if (time < TimeSpan.FromHours(1))
            return Join(time.Minutes, "m", time.Seconds, "s");
        return time < TimeSpan.FromDays(1) ? Join(time.Hours, "h", time.Minutes, "m") : Join(time.Days, "d", time.Hours, "h");
    }

    private static string Join(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? $"{large} {largeUnit}" : $"{large} {largeUnit} {small} {smallUnit}";
}
