using System.Security.Cryptography;

namespace ActorSockets.Servers;

/// <summary>The SHA-256 of what has come, worked out on the thread pool beside storing it and reading on.</summary>
internal sealed class ReceivedDigest : IAsyncDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Done when all chunks so far are hashed.</summary>
    public Task Hashed { get; private set; } = Task.CompletedTask;

    /// <summary>Hashes a chunk after the earlier ones, and releases it.</summary>
    /// <returns>Done when the earlier ones are hashed.</returns>
    public Task AddAsync(ReceivedChunk chunk)
    {
        var earlier = Hashed;
        Hashed = Task.Run(async () =>
        {
            await earlier;
            _hash.AppendData(chunk.Bytes.Span);
            chunk.Release();
        });
        return earlier;
    }

    /// <summary>Of all that has come, once it is <see cref="Hashed"/>.</summary>
    public byte[] Value() => _hash.GetCurrentHash();

    public async ValueTask DisposeAsync()
    {
        await Hashed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _hash.Dispose();
    }
}
