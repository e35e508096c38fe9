using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ActorSockets.Protocols.Raw;

/// <summary>
/// What a server says when it has stored everything: <c>received BYTES sha256:HEX</c>, or <c>xxh128:HEX</c>, and a line feed. One
/// line of text, so that <c>nc -N HOST PORT &lt;FILE</c> shows a person the same proof.
/// </summary>
/// <param name="Bytes">How many bytes were stored.</param>
/// <param name="Digest">Of these bytes.</param>
public sealed record Receipt(long Bytes, Digest Digest)
{
    /// <summary>The longest receipt: 19 digits of bytes and the longest digest.</summary>
    public const int MaxLength = 9 + 19 + 1 + Digest.MaxTextLength + 1;

    private const string Before = "received ";

    /// <summary>The line, with its line feed.</summary>
    public byte[] ToBytes() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Before}{Bytes} {Digest}\n"));

    /// <summary>Exactly one receipt and nothing else, or null. Takes any bytes.</summary>
    public static Receipt? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length > MaxLength || !line.StartsWith("received "u8) || !line.EndsWith("\n"u8))
            return null;

        line = line[Before.Length..^1];
        if (!Utf8Parser.TryParse(line, out long bytes, out var digits) || bytes < 0 || !char.IsAsciiDigit((char)line[0])
            || !line[digits..].StartsWith(" "u8) || Digest.Parse(line[(digits + 1)..]) is not { } digest)
            return null;
        // One number has one spelling: no leading zeros.
        return digits == bytes.ToString(CultureInfo.InvariantCulture).Length ? new Receipt(bytes, digest) : null;
    }
}
