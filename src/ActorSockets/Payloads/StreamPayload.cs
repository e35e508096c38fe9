namespace ActorSockets.Payloads;

/// <summary>
/// Whatever a stream gives until its end, sent while it grows: the output of a program, a request's body, a log that is being
/// written. The library reads the stream once and copies it to a temporary file (in TMPDIR), from which each target reads at its own
/// pace, and again from the first byte after a lost connection. The file grows with the stream, up to the disk's end.
/// </summary>
/// <remarks>
/// A stream that fails, or is broken off, fails every delivery with <see cref="Events.FailureKind.Payload"/>, and resets the
/// connections: no target takes it for an end. The time in which the stream has nothing to give does not count for
/// <c>give-up-after</c>. Dispose the payload after the last outcome: that deletes the file.
/// </remarks>
public sealed record StreamPayload : Payload, IDisposable
{
    // Copies of the record share it.
    private readonly Spool _spool;

    internal StreamPayload(Func<Stream> open, string description)
    {
        Description = description;
        _spool = new Spool(description, open);
    }

    /// <inheritdoc />
    public override string Description { get; }

    /// <summary>Whether <see cref="BreakOff"/>, an error or <see cref="Dispose"/> came before the stream's end.</summary>
    public bool HasFailed => _spool.Failure.IsCompleted;

    /// <inheritdoc />
    public override Stream Open()
    {
        _spool.Start();
        return new SpoolStream(_spool);
    }

    /// <summary>Reads no more of the stream: its deliveries fail. Does nothing after the stream's end.</summary>
    /// <param name="reason">A sentence for people, which names the payload.</param>
    public void BreakOff(string reason) => _spool.BreakOff(reason);

    /// <summary>Deletes the temporary file. Deliveries that are not done fail.</summary>
    public void Dispose() => _spool.Dispose();
}
