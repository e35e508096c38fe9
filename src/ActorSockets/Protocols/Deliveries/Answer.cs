namespace ActorSockets.Protocols.Deliveries;

/// <summary>The receiver's verbs about a delivery.</summary>
internal enum AnswerVerb
{
    /// <summary>The body begins at this byte. The one answer that is not the last.</summary>
    From,

    /// <summary>Stored, for good, once.</summary>
    Received,

    /// <summary>Not now: another attempt may succeed.</summary>
    Later,

    /// <summary>Another attempt would fail as well.</summary>
    Never,
}

/// <summary>The codes of this version; a sender judges one that it does not know by the verb.</summary>
internal static class Codes
{
    public const string Full = "full";
    public const string Busy = "busy";
    public const string Draining = "draining";
    public const string Failed = "failed";
    public const string Mismatch = "mismatch";
    public const string Aborted = "aborted";
    public const string TooLong = "too-long";
    public const string BadName = "bad-name";
    public const string BadDigest = "bad-digest";
    public const string Forbidden = "forbidden";
    public const string IdInUse = "id-in-use";
}

/// <summary>What the receiver says about one delivery.</summary>
/// <param name="Verb">Tells which of the others count.</param>
/// <param name="Bytes">Of <c>from</c>, where the body begins; of <c>received</c>, the length.</param>
/// <param name="Digest">Of <c>received</c>.</param>
/// <param name="Code">Of <c>later</c> and <c>never</c>.</param>
/// <param name="Text">Of <c>later</c> and <c>never</c>, for people; may be empty.</param>
internal sealed record Answer(AnswerVerb Verb, long Bytes, Digest? Digest, string Code, string Text)
{
    public static Answer From(long offset) => new(AnswerVerb.From, offset, null, "", "");

    public static Answer Received(long length, Digest digest) => new(AnswerVerb.Received, length, digest, "", "");

    public static Answer Later(string code, string text = "") => new(AnswerVerb.Later, 0, null, code, text);

    public static Answer Never(string code, string text = "") => new(AnswerVerb.Never, 0, null, code, text);

    /// <summary>The line about the delivery of that id.</summary>
    /// <param name="id">A valid <see cref="DeliveryId"/>.</param>
    /// <param name="to">Room for <see cref="Line.MaxLength"/> bytes.</param>
    public int WriteTo(string id, Span<byte> to) => Verb switch
    {
        AnswerVerb.From => new LineWriter(to).Add("from "u8).Add(id).Add(" "u8).Add(Bytes).End(),
        AnswerVerb.Received => new LineWriter(to).Add("received "u8).Add(id).Add(" "u8).Add(Bytes).Add(" "u8).Add(Digest!.Value).End(),
        _ => Refusal(new LineWriter(to).Add(Verb == AnswerVerb.Later ? "later "u8 : "never "u8).Add(id).Add(" "u8).Add(Code)),
    };

    private int Refusal(LineWriter line) => (Text.Length == 0 ? line : line.Add(" "u8).AddText(Text)).End();

    /// <summary>Reads what follows the verb; null when it is not as it should be.</summary>
    public static Answer? Parse(AnswerVerb verb, Line line, out string id)
    {
        id = DeliveryId.Parse(line.Next()) ?? "";
        if (id.Length == 0)
            return null;

        switch (verb)
        {
            case AnswerVerb.From:
                return Line.TryCount(line.Next(), out var offset) && line.OnlyPairsAreLeft() ? From(offset) : null;
            case AnswerVerb.Received:
                return Line.TryCount(line.Next(), out var length) && Protocols.Digest.Parse(line.Next()) is { } digest && line.OnlyPairsAreLeft()
                    ? Received(length, digest)
                    : null;
            default:
                var code = Line.Text(line.Next());
                return code.Length == 0 ? null : new Answer(verb, 0, null, code, Line.Text(line.Rest));
        }
    }
}
