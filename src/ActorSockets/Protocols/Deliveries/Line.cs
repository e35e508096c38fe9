using System.Buffers.Text;
using System.Globalization;
using System.Text;
using ActorSockets.Configuration;

namespace ActorSockets.Protocols.Deliveries;

/// <summary>The fields of a line, taken from its front one by one. They are separated by one space.</summary>
internal ref struct Line(ReadOnlySpan<byte> rest)
{
    /// <summary>Bytes of the longest line, its line feed included.</summary>
    public const int MaxLength = 1024;

    /// <summary>What was not taken yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = rest;

    /// <summary>The next field; empty where there is none, or two spaces stand together.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var space = Rest.IndexOf((byte)' ');
        var field = space < 0 ? Rest : Rest[..space];
        Rest = space < 0 ? default : Rest[(space + 1)..];
        return field;
    }

    /// <summary>A count in its one spelling: decimal digits, no leading zeros, at most 2^63 - 1.</summary>
    public static bool TryCount(ReadOnlySpan<byte> field, out long count) =>
        Utf8Parser.TryParse(field, out count, out var digits) && digits == field.Length && count >= 0
        && char.IsAsciiDigit((char)field[0]) && (field[0] != '0' || digits == 1);

    /// <summary>Splits <c>key=value</c>; false when it is something else.</summary>
    public static bool TryPair(ReadOnlySpan<byte> field, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        var equals = field.IndexOf((byte)'=');
        key = equals > 0 ? field[..equals] : default;
        value = equals > 0 ? field[(equals + 1)..] : default;
        return equals > 0;
    }

    /// <summary>Whether all that is left is <c>key=value</c>, each of it unknown here and therefore ignored.</summary>
    public bool OnlyPairsAreLeft()
    {
        while (!Rest.IsEmpty)
        {
            if (!TryPair(Next(), out _, out _))
                return false;
        }

        return true;
    }

    /// <summary>What the other end wrote, as text that a terminal shows as it is.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Printable.Of(Encoding.UTF8.GetString(bytes));
}

/// <summary>Writes one line into memory that has room for <see cref="Line.MaxLength"/> bytes.</summary>
internal ref struct LineWriter(Span<byte> to)
{
    private readonly Span<byte> _to = to;

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    public LineWriter Add(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_to[Length..]);
        Length += bytes.Length;
        return this;
    }

    /// <param name="ascii">Characters of ASCII.</param>
    public LineWriter Add(string ascii)
    {
        Length += Encoding.ASCII.GetBytes(ascii, _to[Length..]);
        return this;
    }

    public LineWriter Add(long count)
    {
        count.TryFormat(_to[Length..], out var digits, provider: CultureInfo.InvariantCulture);
        Length += digits;
        return this;
    }

    public LineWriter Add(Digest digest)
    {
        Length += digest.WriteTo(_to[Length..]);
        return this;
    }

    /// <summary>As much of the text as the line has room for, without characters that would end or forge one.</summary>
    public LineWriter AddText(string text)
    {
        Encoding.UTF8.GetEncoder().Convert(Printable.Of(text), _to[Length..(Line.MaxLength - 1)], flush: false, out _, out var bytes, out _);
        Length += bytes;
        return this;
    }

    /// <returns>The length of the line, its line feed included.</returns>
    public int End()
    {
        _to[Length++] = (byte)'\n';
        return Length;
    }
}
