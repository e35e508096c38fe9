namespace ActorSockets.Payloads;

/// <summary>
/// Whatever a stream gives until its end, sent while it grows: the output of a program, a request's body, a log that is being
/// written. The library reads the stream once and copies it into an unnamed file, the spool, from which each target reads at its
/// own pace, and again after a lost connection. The spool grows with the stream, up to <see cref="SpoolSettings.MaxBytes"/>.
/// </summary>
/// <remarks>
/// A stream that fails, or is broken off, fails every delivery with <see cref="Events.FailureKind.Payload"/>, and resets the
/// connections: no target takes it for an end. The time in which the stream has nothing to give does not count for
/// <c>give-up-after</c>. Dispose the payload after the last outcome: that deletes the spool.
/// </remarks>
public sealed record StreamPayload : Payload, IDisposable
{
    private readonly SpoolSettings _settings;

    // Copies of the record share it.
    private readonly Spool _spool;

    internal StreamPayload(Func<Stream> open, string description, SpoolSettings settings)
    {
        Description = description;
        _settings = settings;
        _spool = new Spool(description, open);
    }

    /// <inheritdoc />
    public override string Description { get; }

    /// <summary>Bytes of the whole payload; null: the stream has not ended.</summary>
    public long? Length => _spool.HasEnded ? _spool.Length : null;

    /// <summary>Completes when the stream fails, with a sentence that says why.</summary>
    internal Task<string> Failure => _spool.Failure;

    /// <summary>Whether the stream has given no more than that, and has not ended.</summary>
    internal bool IsDryAt(long bytes) => !_spool.HasEnded && _spool.Length <= bytes;

    /// <inheritdoc />
    public override Stream Open()
    {
        Begin(_settings);
        return new SpoolStream(_spool);
    }

    /// <summary>Begins to read the stream before the first delivery does. Blocks as long as the disk does.</summary>
    /// <exception cref="SourceException">There can be no spool.</exception>
    internal void Begin(SpoolSettings settings) => _spool.Start(settings);

    /// <summary>Reads no more of the stream: its deliveries fail. Does nothing after the stream's end.</summary>
    /// <param name="reason">A sentence for people, which names the payload.</param>
    public void BreakOff(string reason) => _spool.BreakOff(reason);

    /// <summary>Deletes the spool. Deliveries that are not done fail.</summary>
    public void Dispose() => _spool.Dispose();
}
