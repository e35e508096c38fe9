namespace ActorSockets.Payloads;

/// <summary>A payload's stream whose length is unknown until its source has ended. What has come can be read meanwhile.</summary>
internal interface IGrowing
{
    /// <summary>Bytes of the whole payload; null: the source has not ended.</summary>
    long? KnownLength { get; }

    /// <summary>Bytes that have come and are not read.</summary>
    long Available { get; }

    /// <summary>Waits for the source, without a thread, until there is something to read. The token ends the wait.</summary>
    /// <returns>Bytes that can be read now; 0: the source has ended, and everything is read.</returns>
    /// <exception cref="SourceException">The source failed.</exception>
    ValueTask<long> WaitForMoreAsync(CancellationToken cancellation);
}

/// <summary>The source of a payload failed; the message is a sentence that names the payload.</summary>
internal sealed class SourceException(string message) : IOException(message);
