namespace ActorSockets.Payloads;

/// <summary>
/// A regular file, as long as it is when the attempt begins: what is appended later is not sent, and a file that became
/// shorter meanwhile fails the delivery.
/// </summary>
/// <param name="Path">Relative to the working directory, or absolute.</param>
public sealed record FilePayload(string Path) : Payload
{
    /// <inheritdoc />
    public override string Description => Path;

    /// <inheritdoc />
    public override Stream Open()
    {
        if (Directory.Exists(Path))
            throw new IOException($"{Path} is a directory: name a file");

        if (!Posix.HasPositions(Path))
            throw NotRegular();

        // No buffer of the stream's own: the sender reads whole chunks.
        var stream = new FileStream(Path, new FileStreamOptions
        {
            Mode = FileMode.Open,
            Access = FileAccess.Read,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
            BufferSize = 0,
        });

        // A pipe cannot be sent again from the start, and devices and /proc files claim a length of 0.
        if (stream.CanSeek && (stream.Length > 0 || stream.ReadByte() < 0))
        {
            stream.Position = 0;
            return stream;
        }

        stream.Dispose();
        throw NotRegular();
    }

    private IOException NotRegular() => new($"{Path} is not a regular file with a known length: copy it into one first");
}
