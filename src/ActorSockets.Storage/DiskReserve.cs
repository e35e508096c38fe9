using System.Security.Cryptography;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>
/// A file that only takes up room. On a full disk nothing could be written down, not even that something is done and may be
/// deleted: then this file goes, and comes back once there is room. All calls block.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class DiskReserve(string path)
{
    // What the database's log can have at most, which its file needs before the log begins again: a checkpoint's 8 MB, as much once more that came
    // while the file could not grow, the last transactions, and those that delete.
    private const long MostBytes = 32L << 20;

    // Of a small disk.
    private const int Share = 4;

    // Written again and again: a file system that compresses does not see it.
    private const int BlockBytes = 1 << 20;

    private readonly Lock _lock = new();
    private volatile bool _isGone;

    /// <summary>Whether the room is in use.</summary>
    public bool IsGone => _isGone;

    /// <summary>Gives the room away.</summary>
    public void Give()
    {
        lock (_lock)
        {
            _isGone = true;
            Delete();
        }
    }

    /// <summary>Takes the room back; where there is not enough, later.</summary>
    public void Restore()
    {
        lock (_lock)
        {
            try
            {
                var disk = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!);
                var bytes = Math.Min(MostBytes, disk.TotalSize / Share);
                var there = new FileInfo(path) is { Exists: true, Length: var length } ? length : 0;
                _isGone = there < bytes && disk.AvailableFreeSpace < bytes - there;
                if (there != bytes && !_isGone)
                    Write(bytes);
                else if (_isGone)
                    Delete();
            }
            catch (Exception e) when (Posix.IsFileError(e))
            {
                _isGone = true;
                Delete();
            }
        }
    }

    private void Write(long bytes)
    {
        var block = RandomNumberGenerator.GetBytes((int)Math.Min(bytes, BlockBytes));
        using var file = File.Create(path);
        for (var left = bytes; left > 0; left -= block.Length)
            file.Write(block.AsSpan(0, (int)Math.Min(left, block.Length)));
    }

    private void Delete()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            // What could not be deleted stays as large as it is.
        }
    }
}
