using System.Globalization;
using System.Text;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers.Arrivals;

/// <summary>The file names that deliveries may have: one element of a path, and none that the server itself uses.</summary>
internal static class StoredNames
{
    /// <summary>The directory in a file sink's directory that has its ledger and its partial deliveries.</summary>
    public const string PrivateDirectory = ".actorsockets";

    // NAME_MAX of Linux and macOS; other systems count characters.
    private const int MaxBytes = 255;

    private static readonly string[] ReservedOnWindows =
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(0, 10).SelectMany(i => new[] { $"COM{i}", $"LPT{i}" })];

    /// <summary>Why a delivery cannot have this name; null when it can.</summary>
    public static string? Objection(string name)
    {
        if (name is "" or "." or "..")
            return "is not a file name";
        if (name.Any(c => c is '/' or '\0' || char.IsControl(c)))
            return "has a slash or a control character";
        if (Encoding.UTF8.GetByteCount(name) > MaxBytes)
            return "has more than 255 bytes";
        // File systems of macOS and Windows do not tell cases apart.
        if (name.Equals(PrivateDirectory, StringComparison.OrdinalIgnoreCase) || PartialFiles.IsPartial(name))
            return "is a name that the server uses itself";
        return OperatingSystem.IsWindows() ? ObjectionOfWindows(name) : null;
    }

    /// <summary>The name, then NAME-2.EXT, NAME-3.EXT and so on; each has 255 bytes at most.</summary>
    public static string Numbered(string name, int number)
    {
        if (number == 1)
            return name;

        // A name that begins with its only dot, as .profile does, has no extension.
        var extension = name.LastIndexOf('.') is > 0 and var dot ? name[dot..] : "";
        var suffix = string.Create(CultureInfo.InvariantCulture, $"-{number}");
        if (Encoding.UTF8.GetByteCount(extension) + suffix.Length >= MaxBytes)
            extension = "";
        var stem = name[..^extension.Length];
        while (Encoding.UTF8.GetByteCount(stem) + suffix.Length + Encoding.UTF8.GetByteCount(extension) > MaxBytes)
            stem = stem[..^(char.IsLowSurrogate(stem[^1]) ? 2 : 1)];
        return stem + suffix + extension;
    }

    private static string? ObjectionOfWindows(string name)
    {
        if (name.Any(c => c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|') || name[^1] is '.' or ' ')
            return "has a character that Windows does not allow";
        return ReservedOnWindows.Contains(name.Split('.')[0], StringComparer.OrdinalIgnoreCase) ? "is the name of a device" : null;
    }
}
