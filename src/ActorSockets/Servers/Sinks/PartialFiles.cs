using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using ActorSockets.Platform;

namespace ActorSockets.Servers.Sinks;

/// <summary>The partial files in a directory, those of earlier runs too, and which of them are deleted.</summary>
/// <param name="directory">Only files of this directory are looked at, and only names that the file sink gives.</param>
/// <param name="keep">How long a partial file stays after its last byte; zero: for ever.</param>
/// <param name="maxBytes">What all partial files of connections that have ended may take together; 0: any number of bytes.</param>
internal sealed partial class PartialFiles(string directory, TimeSpan keep, long maxBytes)
{
    public const string Suffix = ".partial";

    // Of all servers of the process, since two may share a directory. The lock on the file tells of other processes, but NFS
    // and SMB have none for a file that is only written.
    private static readonly ConcurrentDictionary<string, bool> Writing = new(StringComparer.Ordinal);

    /// <summary>Keeps a partial file from being deleted while a sink writes it.</summary>
    public static void BeginWriting(string path) => Writing[Path.GetFullPath(path)] = true;

    public static void EndWriting(string path) => Writing.TryRemove(Path.GetFullPath(path), out _);

    /// <summary>Whether a file name is one that the file sink gives to a partial file.</summary>
    public static bool IsPartial(string fileName) => Name().IsMatch(fileName);

    /// <summary>Deletes the files that are older than the settings allow, then the oldest ones until the others fit. Blocks.</summary>
    /// <param name="now">UTC.</param>
    /// <returns>The paths of the deleted files. A file that cannot be deleted stays, and is tried again by the next call.</returns>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public IReadOnlyList<string> Clean(DateTime now)
    {
        var deleted = new List<string>();
        if (keep == TimeSpan.Zero && maxBytes == 0)
            return deleted;

        var files = new DirectoryInfo(directory).GetFiles("*" + Suffix)
            .Where(file => Name().IsMatch(file.Name) && file.Exists && !Writing.ContainsKey(file.FullName))
            .OrderBy(file => file.LastWriteTimeUtc)
            .ToArray();
        var total = files.Sum(file => file.Length);
        foreach (var file in files)
        {
            var isTooOld = keep > TimeSpan.Zero && now - file.LastWriteTimeUtc >= keep;
            if (!isTooOld && (maxBytes == 0 || total <= maxBytes))
                continue;
            if (!TryDelete(file.FullName))
                continue;
            total -= file.Length;
            deleted.Add(Path.Combine(directory, file.Name));
        }

        return deleted;
    }

    private static bool TryDelete(string path)
    {
        try
        {
            // Opening a pipe would block.
            if (!Posix.HasPositions(path))
                return false;
            // Another process that writes it holds a shared lock.
            using var alone = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None);
            File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^\d{8}T\d{6}\.\d{3}Z-[A-Za-z0-9._]+-[0-9a-f]{32}\.partial\z")]
    private static partial Regex Name();
}
