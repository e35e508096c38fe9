namespace ActorSockets.Protocols.Deliveries;

/// <summary>What a <c>deliver</c> or <c>resume</c> says.</summary>
internal sealed record DeliveryHeader
{
    /// <summary>A valid <see cref="DeliveryId"/>.</summary>
    public required string Id { get; init; }

    /// <summary>Bytes of the whole payload; null: not known yet.</summary>
    public required long? Length { get; init; }

    /// <summary>Whether the sender asks from where to begin (<c>resume</c>).</summary>
    public bool Asks { get; init; }

    /// <summary>What both ends hash with; null: the first of the greeting's.</summary>
    public DigestAlgorithm? Algorithm { get; init; }

    /// <summary>Of the whole payload; null: it comes at the end, or never.</summary>
    public Digest? Digest { get; init; }

    /// <summary>A valid <see cref="PayloadName"/>; null: it has none.</summary>
    public string? Name { get; init; }

    /// <param name="to">Room for <see cref="Line.MaxLength"/> bytes.</param>
    public int WriteTo(Span<byte> to)
    {
        var line = new LineWriter(to).Add(Asks ? "resume "u8 : "deliver "u8).Add(Id);
        line = Length is { } length ? line.Add(" "u8).Add(length) : line.Add(" ?"u8);
        if (Digest is { } digest)
            line = line.Add(" digest="u8).Add(digest);
        else if (Algorithm is { } algorithm)
            line = line.Add(" digest="u8).Add(Protocols.Digest.NameOf(algorithm));
        if (Name is null)
            return line.End();

        line = line.Add(" name="u8);
        Span<byte> name = stackalloc byte[3 * PayloadName.MaxBytes];
        return line.Add(name[..PayloadName.Encode(Name, name)]).End();
    }

    /// <summary>Reads what follows the verb.</summary>
    /// <param name="line">After the verb.</param>
    /// <param name="asks">Whether the verb was <c>resume</c>.</param>
    /// <param name="error">Why the line is none.</param>
    /// <param name="refusal">Why the delivery cannot be taken although the line is one; null when it can.</param>
    public static DeliveryHeader? Parse(Line line, bool asks, out string error, out Answer? refusal)
    {
        (error, refusal) = ("", null);
        if (DeliveryId.Parse(line.Next()) is not { } id)
        {
            error = "an id is 1 to 128 of A-Z a-z 0-9 . _ : -";
            return null;
        }

        var text = line.Next();
        long count = 0;
        if (!text.SequenceEqual("?"u8) && !Line.TryCount(text, out count))
        {
            error = "after the id comes the length in bytes, or ?";
            return null;
        }

        var header = new DeliveryHeader { Id = id, Length = text.SequenceEqual("?"u8) ? null : count, Asks = asks };
        while (!line.Rest.IsEmpty)
        {
            if (!Line.TryPair(line.Next(), out var key, out var value))
            {
                error = "after the length come only key=value";
                return null;
            }

            if (key.SequenceEqual("name"u8) && header.Name is null)
            {
                header = header with { Name = PayloadName.Decode(value) };
                if (header.Name is null)
                    refusal ??= Answer.Never(Codes.BadName, "a name is one element of a path, percent-encoded UTF-8 of 1 to 255 bytes without control characters");
            }
            else if (key.SequenceEqual("digest"u8) && header.Algorithm is null)
            {
                if (!header.TryDigest(value, out header))
                    refusal ??= Answer.Never(Codes.BadDigest, "a digest is xxh128 or sha256, or one of these, a colon and its lower-case hexadecimal digits");
            }
            else if (key.SequenceEqual("name"u8) || key.SequenceEqual("digest"u8))
            {
                error = "a key stands there twice";
                return null;
            }
        }

        return header;
    }

    private bool TryDigest(ReadOnlySpan<byte> value, out DeliveryHeader with)
    {
        var digest = Protocols.Digest.Parse(value);
        var algorithm = digest?.Algorithm ?? Protocols.Digest.AlgorithmOf(value);
        with = algorithm is null ? this : this with { Algorithm = algorithm, Digest = digest };
        return algorithm is not null;
    }
}
