using ActorSockets.Protocols;

namespace ActorSockets.Servers;

/// <summary>The digest of what has come: a quick one is worked out at once, a slow one beside storing it and reading on.</summary>
internal sealed class ReceivedDigest(DigestAlgorithm algorithm) : IAsyncDisposable
{
    private readonly PayloadDigest _hash = PayloadDigest.Of(algorithm);

    /// <summary>Done when all chunks so far are hashed.</summary>
    public Task Hashed { get; private set; } = Task.CompletedTask;

    /// <summary>Hashes a chunk after the earlier ones.</summary>
    /// <returns>Done when the earlier ones are hashed.</returns>
    public Task AddAsync(ReceivedChunk chunk)
    {
        if (algorithm == DigestAlgorithm.Xxh128)
        {
            _hash.Append(chunk.Bytes.Span);
            return Task.CompletedTask;
        }

        var earlier = Hashed;
        chunk = chunk.Shared();
        Hashed = Task.Run(async () =>
        {
            await earlier;
            _hash.Append(chunk.Bytes.Span);
            chunk.Release();
        });
        return earlier;
    }

    /// <summary>Of all that has come, once it is <see cref="Hashed"/>.</summary>
    public Digest Value() => _hash.Value();

    public async ValueTask DisposeAsync()
    {
        await Hashed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _hash.Dispose();
    }
}
