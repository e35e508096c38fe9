using System.Globalization;

namespace ActorSockets.Configuration;

/// <summary>Text that a terminal shows as it is.</summary>
internal static class Printable
{
    /// <summary>Control and formatting characters become <c>\u001b</c>, so that a file's content can neither drive a terminal nor forge a line.</summary>
    public static string Of(string text) => text.Any(IsUnsafe)
        ? string.Concat(text.Select(c => IsUnsafe(c) ? Escape(c) : c.ToString()))
        : text;

    /// <summary>The text as a quoted HOCON string on one line.</summary>
    public static string Quoted(string text) =>
        $"\"{Of(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal))}\"";

    private static string Escape(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");

    private static bool IsUnsafe(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
