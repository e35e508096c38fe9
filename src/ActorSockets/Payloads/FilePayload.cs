using ActorSockets.Platform;

namespace ActorSockets.Payloads;

/// <summary>
/// A regular file, as long as it is when the attempt begins: what is appended later is not sent. A file that became shorter, or
/// was overwritten in place, fails the delivery.
/// </summary>
/// <param name="Path">Relative to the working directory, or absolute.</param>
public sealed record FilePayload(string Path) : Payload
{
    /// <inheritdoc />
    public override string Description => Path;

    /// <summary>The file's own name unless another one is given.</summary>
    public override string? Name
    {
        get => field ?? System.IO.Path.GetFileName(Path);
        init;
    }

    /// <inheritdoc />
    public override Task<Stream> OpenAsync() => PayloadThreads.Shared.OfFile(Path).Run(Open);

    /// <inheritdoc />
    public override Stream Open()
    {
        if (Directory.Exists(Path))
            throw new IOException($"{Path} is a directory: name a file");

        if (!Posix.HasPositions(Path))
            throw NotRegular();

        var file = File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        try
        {
            var stream = new FilePayloadStream(Path, file, PayloadThreads.Shared.OfFile(Path));
            // Devices and /proc files claim a length of 0.
            return stream.Length > 0 || RandomAccess.Read(file, stackalloc byte[1], 0) == 0 ? stream : throw NotRegular();
        }
        catch (Exception)
        {
            file.Dispose();
            throw;
        }
    }

    private IOException NotRegular() => new($"{Path} is not a regular file with a known length: copy it into one first");
}
