using System.Collections.Concurrent;
using System.Security.Cryptography;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Tests.Support;

/// <summary>Keeps the digest of what it gets; opens, fails or waits as a spec says.</summary>
internal sealed class RecordingSink : ISink
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly TaskCompletionSource<(long Bytes, string Digest)> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;

    public ConcurrentQueue<int> Chunks { get; } = new();

    /// <summary>What each write waits for.</summary>
    public Task Room { get; set; } = Task.CompletedTask;

    /// <summary>What the end waits for.</summary>
    public Task MayComplete { get; set; } = Task.CompletedTask;

    /// <summary>What disposing throws.</summary>
    public Exception? DisposeFailure { get; set; }

    /// <summary>What arrived, once the stream is complete; faulted when it broke off.</summary>
    public Task<(long Bytes, string Digest)> Completed => _completed.Task;

    public async ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk)
    {
        Chunks.Enqueue(chunk.Length);
        await Room;
        _bytes += chunk.Length;
        _hash.AppendData(chunk.Span);
        return default;
    }

    public async ValueTask CompleteAsync()
    {
        await MayComplete;
        _completed.TrySetResult((_bytes, Convert.ToHexString(_hash.GetCurrentHash())));
    }

    public ValueTask<string?> BreakOffAsync()
    {
        _completed.TrySetException(new EndOfStreamException($"broke off after {_bytes} B"));
        return new ValueTask<string?>((string?)null);
    }

    public ValueTask DisposeAsync()
    {
        _hash.Dispose();
        return DisposeFailure is null ? ValueTask.CompletedTask : ValueTask.FromException(DisposeFailure);
    }
}
