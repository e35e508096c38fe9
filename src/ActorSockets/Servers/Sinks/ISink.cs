namespace ActorSockets.Servers.Sinks;

/// <summary>
/// Where the bytes of one connection go. The receiver of the connection calls it, one call at a time; the next read from the
/// network waits for the returned task, so that a slow sink is a closed TCP window at the sender.
/// </summary>
/// <remarks>
/// The order of calls: any number of <see cref="WriteAsync"/>; then <see cref="CompleteAsync"/> once, if the peer's FIN came
/// after its last byte; then <see cref="BreakOffAsync"/> once, unless <see cref="CompleteAsync"/> succeeded; then
/// <see cref="IAsyncDisposable.DisposeAsync"/> once, in every case. A call that fails is not repeated: the stream breaks off.
/// The receiver reports the errors of all four.
/// </remarks>
public interface ISink : IAsyncDisposable
{
    /// <summary>The name under which the complete bytes are found, for people; null before the end, and where they have none.</summary>
    string? StoredAs => null;

    /// <summary>Takes a chunk, and gives back what is to be sent to the peer, or nothing.</summary>
    /// <remarks>The chunk's memory is the caller's again when the task is done and the answer, which may be a part of it, is sent.</remarks>
    ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk);

    /// <summary>The peer sent its last byte. When the task is done, all that was written is where it should be, for good.</summary>
    ValueTask CompleteAsync();

    /// <summary>
    /// The stream broke off: the peer reset it, it went idle, a drain cut it off, or the sink itself failed. What was written
    /// is incomplete.
    /// </summary>
    /// <returns>The name under which the sink keeps what was written; null when it keeps nothing.</returns>
    ValueTask<string?> BreakOffAsync() => default;
}
