using System.Globalization;

namespace ActorSockets.Storage;

/// <summary>Times in tables: UTC, in milliseconds, as text that sorts.</summary>
internal static class StoredTime
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public static string Format(DateTime at) => at.ToString(TimeFormat, CultureInfo.InvariantCulture);

    public static DateTime Parse(string at) =>
        DateTime.ParseExact(at, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
