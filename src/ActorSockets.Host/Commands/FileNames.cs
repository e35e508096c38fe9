namespace ActorSockets.Host.Commands;

/// <summary>File names for a shell's completion.</summary>
internal static class FileNames
{
    private const int MostOffered = 100;
    private const int MostRead = 10_000;

    /// <summary>
    /// What a typed word may become, a directory with a / behind it. Names with white space or control characters are left out:
    /// the shell's line is split at spaces.
    /// </summary>
    public static IEnumerable<string> StartingWith(string typed, bool directoriesOnly = false)
    {
        var slash = typed.LastIndexOf('/') + 1;
        var (directory, start) = (typed[..slash], typed[slash..]);
        try
        {
            return [.. new DirectoryInfo(slash == 0 ? "." : directory).EnumerateFileSystemInfos().Take(MostRead)
                .Where(entry => entry.Name.StartsWith(start, StringComparison.Ordinal) && entry.Name.StartsWith('.') == start.StartsWith('.')
                    && (!directoriesOnly || entry is DirectoryInfo) && !entry.Name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
                .Take(MostOffered)
                .Select(entry => directory + entry.Name + (entry is DirectoryInfo ? "/" : ""))
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
