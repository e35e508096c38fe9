using ActorSockets.Outbox;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>A large payload on its way into a file. A file is flushed with its name.</summary>
/// <param name="file">New and empty; this closes it.</param>
/// <param name="directory">Where it is.</param>
internal sealed class PayloadFile(FileStream file, string directory) : ILargePayload
{
    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, position);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            // What fitted is nobody's, and the database needs the room to note what was delivered.
            if (Posix.IsDiskFull(e))
                RandomAccess.SetLength(file.SafeFileHandle, position);
            throw new LedgerException($"{file.Name} cannot be written: {Posix.Reason(e)}", Posix.IsDiskFull(e), e);
        }
    }

    public void Flush() => PayloadFiles.Try(file.Name, "flushed", () =>
    {
        RandomAccess.FlushToDisk(file.SafeFileHandle);
        Posix.FlushDirectory(directory);
        return true;
    });

    public void Dispose() => file.Dispose();
}
