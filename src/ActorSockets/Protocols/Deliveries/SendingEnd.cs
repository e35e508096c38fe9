namespace ActorSockets.Protocols.Deliveries;

/// <summary>
/// The sender's end of a connection: answers to events, and the small pieces around the bodies, each written into memory of
/// the caller's with room for a line. It knows no socket and no payload. Memory: a line, and the unanswered deliveries.
/// <code>
///              ┌── Begin (deliver) ──────────────┐       ┌─ Chunk, its bytes, ChunkEnd ─┐
///   MayBegin ──┤                                 ├─► Current ◄──────────────────────────┘
///      ▲       └── Begin (resume) ── from ───────┘       │ End, Abort
///      └───────────────── received, later, never ────────┴──► MayBegin, while fewer than the window are unanswered
/// </code>
/// </summary>
/// <param name="window">Deliveries that may be unanswered at a time, beside what the receiver allows.</param>
internal sealed class SendingEnd(int window)
{
    private readonly LineReader _lines = new();
    private readonly Queue<Outgoing> _unanswered = new();

    /// <summary>The receiver's; null: it has said nothing yet.</summary>
    public Greeting? Greeting { get; private set; }

    /// <summary>The delivery whose body is open, or that waits for <c>from</c>; null: none.</summary>
    public Outgoing? Current { get; private set; }

    /// <summary>Deliveries that have begun and have no last answer.</summary>
    public int Unanswered => _unanswered.Count;

    /// <summary>Whether the protocol has been broken, and nothing more is read or to be sent.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether a delivery may begin.</summary>
    public bool MayBegin => Greeting is not null && !IsOver && Current is null && _unanswered.Count < Math.Min(window, Greeting.Window);

    /// <summary>Takes the next event from the front of the input.</summary>
    /// <param name="input">What has come and not been taken; what is left of it belongs to the next call.</param>
    public SendingEvent Next(ref ReadOnlyMemory<byte> input)
    {
        while (!input.IsEmpty)
        {
            if (IsOver)
                input = default;
            else if (_lines.TryRead(ref input, out var text) is not { } isThere)
                return Fail(Greeting is null ? NotGreeted : "sent a line of more than 1,024 bytes");
            else if (isThere)
                return Greeting is null ? Greet(text) : Hear(new Line(text));
        }

        return default;
    }

    /// <summary>Begins a delivery; its body follows, once the receiver has said from where if it asks.</summary>
    /// <returns>Bytes written.</returns>
    public int Begin(Outgoing delivery, Span<byte> to)
    {
        if (!MayBegin)
            throw new InvalidOperationException($"{delivery.Header.Id} may not begin yet");
        Current = delivery;
        _unanswered.Enqueue(delivery);
        return delivery.Header.WriteTo(to);
    }

    /// <summary>Begins a chunk: so many bytes follow, and <see cref="ChunkEnd"/>.</summary>
    /// <returns>Bytes written.</returns>
    public int Chunk(int size, Span<byte> to)
    {
        var body = OpenBody();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        body.Position += size;
        return new LineWriter(to).Add(size).End();
    }

    /// <summary>What follows the bytes of a chunk.</summary>
    public static ReadOnlySpan<byte> ChunkEnd => "\n"u8;

    /// <summary>Ends the body of the current delivery.</summary>
    /// <param name="digest">Of the whole payload.</param>
    /// <param name="to">Room for a line.</param>
    /// <returns>Bytes written.</returns>
    public int End(Digest digest, Span<byte> to)
    {
        OpenBody().HasEnded = true;
        Current = null;
        return new LineWriter(to).Add("end "u8).Add(digest).End();
    }

    /// <summary>Breaks the current delivery off: the receiver keeps what it has.</summary>
    /// <returns>Bytes written.</returns>
    public int Abort(Span<byte> to)
    {
        OpenBody();
        Current = null;
        return new LineWriter(to).Add("abort"u8).End();
    }

    /// <summary>Tells the receiver, between two deliveries, that it need not keep what it has of one.</summary>
    /// <returns>Bytes written.</returns>
    public int Cancel(string id, Span<byte> to) => Greeting is not null && Current is null
        ? new LineWriter(to).Add("cancel "u8).Add(id).End()
        : throw new InvalidOperationException("a delivery is under way");

    private const string NotGreeted = "does not speak the deliveries protocol; is it raw?";

    private Outgoing OpenBody() => Current is { IsWaiting: false } body ? body : throw new InvalidOperationException("no body is open");

    private SendingEvent Greet(ReadOnlySpan<byte> text)
    {
        Greeting = Deliveries.Greeting.Parse(text);
        if (Greeting is not null)
            return new SendingEvent(SendingEventKind.Greeted);
        return Fail(text.StartsWith("deliveries/"u8)
            ? $"greets with '{Line.Text(text[..Math.Min(text.Length, 100)])}', and {Deliveries.Greeting.Version} is spoken here"
            : NotGreeted);
    }

    private SendingEvent Hear(Line line)
    {
        var verb = line.Next();
        if (verb.SequenceEqual("error"u8))
            return Fail($"ended the connection: {Line.Text(line.Rest)}");
        AnswerVerb? heard = verb.SequenceEqual("received"u8) ? AnswerVerb.Received
            : verb.SequenceEqual("from"u8) ? AnswerVerb.From
            : verb.SequenceEqual("later"u8) ? AnswerVerb.Later
            : verb.SequenceEqual("never"u8) ? AnswerVerb.Never : null;
        if (heard is null || Answer.Parse(heard.Value, line, out var id) is not { } answer)
            return Fail($"sent something that is no answer, beginning with '{Line.Text(verb[..Math.Min(verb.Length, 20)])}'");
        return answer.Verb == AnswerVerb.From ? HearFrom(id, answer) : HearLast(id, answer);
    }

    private SendingEvent HearFrom(string id, Answer answer)
    {
        if (Current is not { IsWaiting: true } delivery || delivery.Header.Id != id)
            return Fail($"said from where {id} goes on, which was not asked");
        if (answer.Bytes > (delivery.Header.Length ?? long.MaxValue))
            return Fail($"claims to have {answer.Bytes} bytes of {id}, which has {delivery.Header.Length}");
        (delivery.IsWaiting, delivery.Position) = (false, answer.Bytes);
        return new SendingEvent(SendingEventKind.Answered, delivery, answer);
    }

    private SendingEvent HearLast(string id, Answer answer)
    {
        if (!_unanswered.TryPeek(out var delivery) || delivery.Header.Id != id)
            return Fail(delivery is null ? $"answered {id}, which it was not asked" : $"answered {id}, and {delivery.Header.Id} is the next one");
        if (answer.Verb == AnswerVerb.Received && !delivery.HasEnded && !delivery.IsWaiting)
            return Fail($"answered that it received {id}, before its end");

        _unanswered.Dequeue();
        delivery.Answer = answer;
        if (delivery.IsWaiting)
            Current = null;
        return new SendingEvent(SendingEventKind.Answered, delivery, answer);
    }

    private SendingEvent Fail(string reason)
    {
        IsOver = true;
        return new SendingEvent(SendingEventKind.Failed, Text: reason);
    }
}
