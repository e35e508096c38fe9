namespace ActorSockets.Protocols.Deliveries;

/// <summary>Cuts lines out of bytes that come in any pieces; a line that comes in one piece is not copied.</summary>
internal sealed class LineReader
{
    private readonly byte[] _begun = new byte[Line.MaxLength];
    private int _count;

    /// <summary>Whether a line has begun and not ended.</summary>
    public bool IsInside => _count > 0;

    /// <summary>Takes the rest of a line from the front of the input, or all of it when the line does not end there.</summary>
    /// <param name="input">Loses what is taken.</param>
    /// <param name="line">Without its line feed, and the carriage return before that; valid until the next call.</param>
    /// <returns>Null when the line is longer than <see cref="Line.MaxLength"/>; whether there is one otherwise.</returns>
    public bool? TryRead(ref ReadOnlyMemory<byte> input, out ReadOnlySpan<byte> line)
    {
        var bytes = input.Span;
        line = default;
        var end = bytes[..Math.Min(bytes.Length, Line.MaxLength - _count)].IndexOf((byte)'\n');
        if (end < 0)
        {
            if (bytes.Length >= Line.MaxLength - _count)
                return null;
            bytes.CopyTo(_begun.AsSpan(_count));
            _count += bytes.Length;
            input = default;
            return false;
        }

        line = bytes[..end];
        if (_count > 0)
        {
            line.CopyTo(_begun.AsSpan(_count));
            line = _begun.AsSpan(0, _count + end);
            _count = 0;
        }

        input = input[(end + 1)..];
        if (line.EndsWith("\r"u8))
            line = line[..^1];
        return true;
    }
}
