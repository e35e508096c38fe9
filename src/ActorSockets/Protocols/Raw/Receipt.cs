using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ActorSockets.Protocols.Raw;

/// <summary>
/// What a server says when it has stored everything: <c>received BYTES sha256:HEX</c> and a line feed, the digest in
/// lower case. One line of text, so that <c>nc -N HOST PORT &lt;FILE</c> shows a person the same proof.
/// </summary>
/// <param name="Bytes">How many bytes were stored.</param>
/// <param name="Sha256">Their SHA-256, 64 hexadecimal digits in lower case.</param>
public sealed record Receipt(long Bytes, string Sha256)
{
    /// <summary>The longest receipt: 19 digits of bytes and 64 of digest.</summary>
    public const int MaxLength = 9 + 19 + 8 + 64 + 1;

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    private const string Before = "received ";
    private const string Between = " sha256:";
    private const int DigestLength = 64;

    /// <summary>A receipt for a digest as .NET gives it.</summary>
    public static Receipt For(long bytes, ReadOnlySpan<byte> sha256) => new(bytes, Convert.ToHexStringLower(sha256));

    /// <summary>The line, with its line feed.</summary>
    public byte[] ToBytes() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Before}{Bytes}{Between}{Sha256}\n"));

    /// <summary>Exactly one receipt and nothing else, or null. Takes any bytes.</summary>
    public static Receipt? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length > MaxLength || !line.StartsWith("received "u8) || !line.EndsWith("\n"u8))
            return null;

        line = line[Before.Length..^1];
        if (!Utf8Parser.TryParse(line, out long bytes, out var digits) || bytes < 0 || !char.IsAsciiDigit((char)line[0])
            || !line[digits..].StartsWith(" sha256:"u8))
            return null;

        var digest = line[(digits + Between.Length)..];
        if (digest.Length != DigestLength || digest.ContainsAnyExcept(LowerHex))
            return null;
        var receipt = new Receipt(bytes, Encoding.ASCII.GetString(digest));
        // One number has one spelling: no leading zeros.
        return digits == bytes.ToString(CultureInfo.InvariantCulture).Length ? receipt : null;
    }
}
