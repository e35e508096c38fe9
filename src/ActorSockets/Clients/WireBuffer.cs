using System.Buffers;

namespace ActorSockets.Clients;

/// <summary>Headers and bodies of deliveries, gathered for one write, and how far each delivery is when so much of it was taken.</summary>
internal sealed class WireBuffer
{
    private readonly Queue<(int End, OnTheWire Delivery, long Position, int Chunk)> _marks = new();
    private byte[] _bytes = [];
    private int _taken;

    /// <summary>Bytes in it.</summary>
    public int Count { get; private set; }

    /// <summary>What the kernel has not taken.</summary>
    public ReadOnlyMemory<byte> Rest => _bytes.AsMemory(_taken, Count - _taken);

    /// <summary>Room behind what is in it, of that size at least.</summary>
    public Memory<byte> Room(int size)
    {
        if (_bytes.Length - Count < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Count + size);
            _bytes.AsSpan(0, Count).CopyTo(larger);
            Release(_bytes);
            _bytes = larger;
        }

        return _bytes.AsMemory(Count);
    }

    /// <summary>Room for a line.</summary>
    public Span<byte> Line() => Room(Protocols.Deliveries.Line.MaxLength).Span;

    /// <summary>So many bytes of the room are used.</summary>
    public void Add(int count) => Count += count;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length).Span);
        Count += bytes.Length;
    }

    /// <summary>What was added since is not sent.</summary>
    public void BackTo(int count) => Count = count;

    /// <summary>With the last byte so far, a chunk of that delivery ends, and it is sent up to that position.</summary>
    public void Mark(OnTheWire delivery, long position, int chunk) => _marks.Enqueue((Count, delivery, position, chunk));

    /// <summary>The kernel took so many.</summary>
    /// <param name="count">Bytes.</param>
    /// <param name="steps">Learn how far the deliveries are.</param>
    /// <returns>Whether it has taken everything.</returns>
    public bool Took(int count, List<Pipelined.Step> steps)
    {
        _taken += count;
        while (_marks.TryPeek(out var mark) && mark.End <= _taken)
        {
            _marks.Dequeue();
            steps.Add(new Pipelined.Step(Pipelined.StepKind.Taken, mark.Delivery.Id, mark.Position));
        }

        if (_taken < Count)
        {
            // A chunk is taken in part.
            if (_marks.TryPeek(out var next) && next.End - _taken < next.Chunk)
                steps.Add(new Pipelined.Step(Pipelined.StepKind.Taken, next.Delivery.Id, next.Position - (next.End - _taken)));
            return false;
        }

        (_taken, Count) = (0, 0);
        return true;
    }

    /// <summary>Lets go of the memory of an empty buffer.</summary>
    public void Release()
    {
        if (Count > 0 || _bytes.Length == 0)
            return;
        Release(_bytes);
        _bytes = [];
    }

    private static void Release(byte[] bytes)
    {
        if (bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(bytes);
    }
}
