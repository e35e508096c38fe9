using System.Globalization;

namespace ActorSockets.Configuration;

/// <summary>Sizes as people read them.</summary>
public static class Sizes
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    // As in HOCON: kB is 1000, and K, Ki and KiB are 1024.
    private const string Prefixes = "kMGTPE";

    /// <summary><c>4096</c>, <c>64KiB</c>, <c>1.5 GiB</c>, <c>10MB</c>; <see cref="long.MaxValue"/> for anything larger; null when it is no size.</summary>
    public static long? Parse(string text)
    {
        var (number, unit) = Quantity.Split(text);
        if (number is not { } value)
            return null;
        var power = unit.Length == 0 ? 0 : Prefixes.IndexOf(unit[0] == 'K' ? 'k' : unit[0]) + 1;
        double? factor = unit[Math.Min(power, 1)..] switch
        {
            "" or "B" when power == 0 => 1,
            "B" => Math.Pow(1000, power),
            "" or "i" or "iB" when power > 0 => Math.Pow(1024, power),
            _ => null,
        };
        return value * factor is { } bytes && bytes == Math.Floor(bytes) ? bytes < long.MaxValue ? (long)bytes : long.MaxValue : null;
    }

    /// <summary>3 significant digits at least, in powers of 1024: <c>512 B</c>, <c>64 KiB</c>, <c>1.5 MiB</c>.</summary>
    public static string Format(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < Units.Length - 1)
            (value, unit) = (value / 1024, unit + 1);
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }
}

/// <summary>A number and a unit behind it.</summary>
internal static class Quantity
{
    /// <summary>The number is null when there is none in front; it has no sign and no exponent.</summary>
    public static (double? Number, string Unit) Split(string text)
    {
        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        return double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? (number, text[digits..].Trim())
            : (null, "");
    }
}

/// <summary>Durations as people read them.</summary>
public static class Durations
{
    /// <summary><c>500ms</c>, <c>1.5 s</c>, <c>5m</c>, <c>2 hours</c>, <c>1d</c>, <c>0</c>; null when it is none of that.</summary>
    public static TimeSpan? Parse(string text)
    {
        var (number, unit) = Quantity.Split(text);
        if (number is not { } value)
            return null;
        var each = unit switch
        {
            "" when value == 0 => TimeSpan.Zero,
            "us" or "micros" or "microsecond" or "microseconds" => TimeSpan.FromMicroseconds(1),
            "ms" or "millis" or "millisecond" or "milliseconds" => TimeSpan.FromMilliseconds(1),
            "s" or "second" or "seconds" => TimeSpan.FromSeconds(1),
            "m" or "minute" or "minutes" => TimeSpan.FromMinutes(1),
            "h" or "hour" or "hours" => TimeSpan.FromHours(1),
            "d" or "day" or "days" => TimeSpan.FromDays(1),
            _ => (TimeSpan?)null,
        };
        return each is not { } one ? null : value * one.Ticks > TimeSpan.MaxValue.Ticks ? TimeSpan.MaxValue : one * value;
    }

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
