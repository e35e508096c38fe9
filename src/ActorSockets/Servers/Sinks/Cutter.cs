namespace ActorSockets.Servers.Sinks;

/// <summary>Finds where the files of a connection end: how many bytes of each chunk belong to the present one.</summary>
internal sealed class Cutter(CutSettings cut)
{
    private const byte LineFeed = (byte)'\n';

    private long _written;
    private bool _atLineEnd;

    // The file ends with this byte of it, or with the first line that ends there or later.
    private long _due = Due(cut);

    /// <summary>Takes the next chunk; what the file does not take belongs to the next one.</summary>
    /// <returns>Bytes that the file takes, and whether it ends with them.</returns>
    public (int Bytes, bool Ends) Next(ReadOnlySpan<byte> chunk)
    {
        var (bytes, ends) = Find(chunk);
        _atLineEnd = chunk[bytes - 1] == LineFeed;
        _written = ends ? 0 : _written + bytes;
        _due = ends ? Due(cut) : _due;
        return (bytes, ends);
    }

    /// <summary>The file has had its time.</summary>
    /// <returns>Whether it ends now; otherwise it ends with its line.</returns>
    public bool EndsNow()
    {
        if (_written > 0 && (cut.At == CutAt.Byte || _atLineEnd))
        {
            (_written, _due) = (0, Due(cut));
            return true;
        }

        _due = Math.Min(_due, Math.Max(_written, 1));
        return false;
    }

    private static long Due(CutSettings cut) => cut.AtBytes > 0 ? cut.AtBytes : long.MaxValue;

    private (int Bytes, bool Ends) Find(ReadOnlySpan<byte> chunk)
    {
        // Of the chunk, the byte with which the file may end.
        var until = _due - _written;
        if (until > chunk.Length)
            return (chunk.Length, false);
        if (cut.At == CutAt.Byte)
            return ((int)Math.Max(until, 1), true);

        var from = (int)Math.Max(until - 1, 0);
        // The line that is too long ends somewhere.
        var longest = Math.Max(until + cut.MaxLineBytes, 1);
        var found = chunk[from..(int)Math.Min(chunk.Length, longest)].IndexOf(LineFeed);
        if (found >= 0)
            return (from + found + 1, true);
        return longest <= chunk.Length ? ((int)longest, true) : (chunk.Length, false);
    }
}
