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
    // The log's pages of a transaction that deletes a window of deliveries.
    private const int Bytes = 1 << 20;

    private volatile bool _isGone;

    /// <summary>Whether the room is in use.</summary>
    public bool IsGone => _isGone;

    /// <summary>Gives the room away.</summary>
    public void Give()
    {
        _isGone = true;
        Delete();
    }

    /// <summary>Takes the room back; where there is not enough, later.</summary>
    public void Restore()
    {
        try
        {
            if (new FileInfo(path) is not { Exists: true, Length: Bytes })
                File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(Bytes));
            _isGone = false;
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            Give();
        }
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
