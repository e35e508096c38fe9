namespace ActorSockets.Servers.Sinks;

/// <summary>
/// Where the bytes of one connection go. Called by one caller, one call at a time; the next read from the network waits
/// for the returned task, so that a slow sink is a closed TCP window at the sender.
/// </summary>
/// <remarks>Either <see cref="CompleteAsync"/> or <see cref="BreakOffAsync"/> is the last call before the disposal, or both when the first one fails.</remarks>
public interface ISink : IAsyncDisposable
{
    /// <summary>The name under which the bytes are found, for people; null where they have none.</summary>
    string? StoredAs => null;

    /// <summary>Takes a chunk, and gives back what is to be sent to the peer, or nothing.</summary>
    /// <remarks>The chunk's memory is the caller's again when the task is done and the answer, which may be a part of it, is sent.</remarks>
    ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk);

    /// <summary>The peer sent its last byte. When the task is done, all that was written is where it should be, for good.</summary>
    ValueTask CompleteAsync();

    /// <summary>The stream broke off: what was taken is incomplete.</summary>
    /// <returns>The name under which it is kept, or null.</returns>
    ValueTask<string?> BreakOffAsync();
}
