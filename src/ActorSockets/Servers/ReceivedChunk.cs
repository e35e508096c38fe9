using System.Buffers;
using ActorSockets.Transport;

namespace ActorSockets.Servers;

/// <summary>What one read gave, in rented memory, which goes back when the last of those that share it has released it.</summary>
internal sealed class ReceivedChunk
{
    private readonly byte[] _rented;
    private int _users = 1;

    private ReceivedChunk(byte[] rented, int count)
    {
        _rented = rented;
        Bytes = rented.AsMemory(0, count);
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Reads at most so many bytes; null is the peer's FIN.</summary>
    /// <param name="connection">What is read.</param>
    /// <param name="most">The memory to rent.</param>
    /// <param name="waitFirst">Rents nothing before there is something to read, for one more system call.</param>
    public static async ValueTask<ReceivedChunk?> ReadAsync(Connection connection, int most, bool waitFirst)
    {
        if (waitFirst)
            await connection.ReceiveAsync(Memory<byte>.Empty);

        var rented = ArrayPool<byte>.Shared.Rent(most);
        // One that breaks off is left to the collector: the system may still write into it.
        var count = await connection.ReceiveAsync(rented.AsMemory(0, most));
        if (count > 0)
            return new ReceivedChunk(rented, count);
        ArrayPool<byte>.Shared.Return(rented);
        return null;
    }

    /// <summary>For one user more, who releases it too.</summary>
    public ReceivedChunk Shared()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            ArrayPool<byte>.Shared.Return(_rented);
    }
}
