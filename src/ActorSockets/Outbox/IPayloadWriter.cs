namespace ActorSockets.Outbox;

/// <summary>A payload on its way into an outbox. One call at a time. Disposed before it was submitted, it is dropped.</summary>
internal interface IPayloadWriter : IAsyncDisposable
{
    /// <summary>Bytes so far.</summary>
    long Length { get; }

    /// <summary>Adds the next bytes; their memory is the caller's again when the task is done.</summary>
    /// <exception cref="OutboxFullException">The disk, or the outbox, has no room for them. None of them was added.</exception>
    /// <exception cref="IOException">They cannot be written.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>
    /// After an <see cref="OutboxFullException"/> of <see cref="WriteAsync"/>: whether the same bytes may have room later. If not, the room of
    /// the payload is free for others at once, and the payload is of no more use.
    /// </summary>
    /// <param name="bytes">How many bytes had no room.</param>
    bool MayWait(int bytes);

    /// <summary>All bytes have come. Done when a power cut does not lose them. Once; when it fails, the payload is of no more use.</summary>
    /// <exception cref="OutboxFullException">The disk has no room.</exception>
    /// <exception cref="IOException">They cannot be flushed.</exception>
    ValueTask CompleteAsync();

    /// <summary>Reads it, once it is complete and before it is submitted or disposed.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    Task<Stream> OpenAsync();
}
