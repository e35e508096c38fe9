using System.Buffers;
using System.Buffers.Binary;

namespace ActorSockets.Protocols;

/// <summary>How a payload is hashed.</summary>
public enum DigestAlgorithm
{
    /// <summary>XXH128: some 30 GiB/s on a core; finds what accidents do. The same as <c>xxh128sum</c> prints.</summary>
    Xxh128,

    /// <summary>SHA-256: some 1.6 GiB/s on a core; also finds what people do. The same as <c>sha256sum</c> prints.</summary>
    Sha256,
}

/// <summary>The hash of a payload, from its first byte to its last. Written as <c>xxh128:HEX</c> or <c>sha256:HEX</c>, in lower case.</summary>
public readonly record struct Digest
{
    /// <summary>The length of the longest spelling.</summary>
    public const int MaxTextLength = 7 + 64;

    private const int MaxBytes = 32;

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    private readonly UInt128 _first;
    private readonly UInt128 _second;

    /// <param name="algorithm">What made it.</param>
    /// <param name="value">16 bytes of XXH128, in the canonical order; or 32 of SHA-256.</param>
    public Digest(DigestAlgorithm algorithm, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(value.Length, LengthOf(algorithm));
        Algorithm = algorithm;
        _first = BinaryPrimitives.ReadUInt128BigEndian(value);
        _second = value.Length > 16 ? BinaryPrimitives.ReadUInt128BigEndian(value[16..]) : default;
    }

    /// <summary>What made it.</summary>
    public DigestAlgorithm Algorithm { get; }

    /// <summary>The value alone, in hexadecimal digits.</summary>
    public string Hex => ToString()[(NameOf(Algorithm).Length + 1)..];

    /// <summary>The algorithm's name in protocols and settings.</summary>
    public static string NameOf(DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Xxh128 ? "xxh128" : "sha256";

    /// <summary>The algorithm of that name, or null.</summary>
    public static DigestAlgorithm? AlgorithmOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("xxh128"u8) ? DigestAlgorithm.Xxh128 : name.SequenceEqual("sha256"u8) ? DigestAlgorithm.Sha256 : null;

    /// <summary>Exactly one digest in its one spelling, or null. Takes any bytes.</summary>
    public static Digest? Parse(ReadOnlySpan<byte> text)
    {
        var colon = text.IndexOf((byte)':');
        if (colon < 0 || AlgorithmOf(text[..colon]) is not { } algorithm)
            return null;

        var hex = text[(colon + 1)..];
        Span<byte> value = stackalloc byte[LengthOf(algorithm)];
        return hex.Length == 2 * value.Length && !hex.ContainsAnyExcept(LowerHex) && Convert.FromHexString(hex, value, out _, out _) == OperationStatus.Done
            ? new Digest(algorithm, value)
            : null;
    }

    /// <summary>The text as bytes.</summary>
    /// <param name="to">At least <see cref="MaxTextLength"/> long.</param>
    /// <returns>How many bytes it is.</returns>
    public int WriteTo(Span<byte> to)
    {
        Span<byte> value = stackalloc byte[MaxBytes];
        BinaryPrimitives.WriteUInt128BigEndian(value, _first);
        BinaryPrimitives.WriteUInt128BigEndian(value[16..], _second);
        (Algorithm == DigestAlgorithm.Xxh128 ? "xxh128:"u8 : "sha256:"u8).CopyTo(to);
        Convert.TryToHexStringLower(value[..LengthOf(Algorithm)], to[7..], out var digits);
        return 7 + digits;
    }

    /// <inheritdoc />
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxTextLength];
        return System.Text.Encoding.ASCII.GetString(text[..WriteTo(text)]);
    }

    private static int LengthOf(DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Xxh128 ? 16 : 32;
}
