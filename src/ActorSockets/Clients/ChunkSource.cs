using System.Buffers;
using ActorSockets.Payloads;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>Some bytes of the payload.</summary>
/// <param name="Bytes">They stay as they are until the chunk is taken.</param>
/// <param name="IsPooled">Whether their array goes back to the pool then.</param>
internal sealed record Chunk(ArraySegment<byte> Bytes, bool IsPooled) : IDeadLetterSuppression
{
    public int Count => Bytes.Count;

    /// <summary>There are no more.</summary>
    public static Chunk None { get; } = new(ArraySegment<byte>.Empty, IsPooled: false);
}

/// <summary>
/// Cuts a payload into chunks, one ahead of the one that is being written, in a size that follows how fast they are taken.
/// </summary>
internal sealed class ChunkSource(Stream bytes, ChunkSize sizes)
{
    private readonly IGrowing? _growing = bytes as IGrowing;
    private readonly long _opened = bytes is IGrowing ? 0 : bytes.Length;
    private int _size = sizes.First;
    private int _fastInARow;
    private int _wanted;
    private bool _reading;
    private Chunk? _ahead;

    /// <summary>All that will be read: what the payload said when it was opened; null: its source has not ended.</summary>
    public long? Length => _growing is null ? _opened : _growing.KnownLength;

    /// <summary>What was read so far.</summary>
    public long Read { get; private set; }

    /// <summary>Whether there is room for one more chunk, and something to fill it with.</summary>
    public bool WantsToRead => _ahead is null && !_reading && Read != Length;

    /// <summary>Once everything is read: whether the payload changed meanwhile, as a sentence; null when it did not.</summary>
    public Task<string?> CheckAsync() => bytes is IChecked payload ? payload.ChangedSinceOpenedAsync() : Task.FromResult<string?>(null);

    /// <summary>Whether every chunk has been taken.</summary>
    public bool IsDone => _ahead is null && !_reading && Read == Length;

    /// <summary>Reads the next chunk; hand it to <see cref="TryAccept"/> when it is there.</summary>
    public async ValueTask<Chunk> ReadAsync(CancellationToken cancellation)
    {
        _reading = true;
        // The memory is rented when there is something to read: a quiet source holds none.
        _wanted = (int)Math.Min(_size, _growing is null ? _opened - Read : await _growing.WaitForMoreAsync(cancellation));
        if (_wanted == 0)
            return Chunk.None;
        if (bytes is ISliced sliced)
        {
            _wanted = Math.Min(_wanted, sliced.Longest);
            return new Chunk(sliced.Next(_wanted), IsPooled: false);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(_wanted);
        var count = await bytes.ReadAtLeastAsync(buffer.AsMemory(0, _wanted), _wanted, throwOnEndOfStream: false, cancellation);
        return new Chunk(new ArraySegment<byte>(buffer, 0, count), IsPooled: true);
    }

    /// <summary>False when the payload has become shorter than it said.</summary>
    public bool TryAccept(Chunk chunk)
    {
        _reading = false;
        Read += chunk.Count;
        _ahead = chunk.Count > 0 ? chunk : null;
        return chunk.Count == _wanted;
    }

    /// <summary>The chunk that is ready, or null.</summary>
    public Chunk? TakeNext()
    {
        var next = _ahead;
        _ahead = null;
        return next;
    }

    /// <summary>The kernel has its own copy of the chunk: the buffer is used again.</summary>
    public void Taken(Chunk chunk, TimeSpan after)
    {
        _size = sizes.Next(_size, after, ref _fastInARow);
        if (chunk.IsPooled)
            ArrayPool<byte>.Shared.Return(chunk.Bytes.Array!);
    }
}
