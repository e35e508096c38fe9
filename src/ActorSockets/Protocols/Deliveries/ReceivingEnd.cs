using System.Buffers;

namespace ActorSockets.Protocols.Deliveries;

/// <summary>
/// The receiver's end of a connection: bytes to events, answers to bytes. It knows no socket, sink or ledger, and waits for
/// nobody. Memory: a line, the open deliveries (at most the window), and the answers that were not taken.
/// <code>
///            ┌───── deliver ──────────────────────┐
///            │                                    ▼          SIZE              all of it
///   Between ─┴─ resume ──► Asked ── From ──► AtChunk ────────────► InChunk ───────────────► AfterChunk ── LF ──► AtChunk
///      ▲                     │ a last answer      │ end, abort
///      └─────────────────────┴────────────────────┘         anything else, anywhere: error, and Over
/// </code>
/// A delivery that gets its last answer before its end goes through the same states, and its bytes are dropped.
/// </summary>
internal sealed class ReceivingEnd
{
    /// <summary>Bytes of a refused delivery that are read and dropped; with more the connection is over.</summary>
    public const long MostDiscarded = 1 << 20;

    // Below it an answer more has always room; above it nothing is read before answers are taken.
    private const int MostOutput = 64 * 1024;

    private enum State
    {
        Between,
        Asked,
        AtChunk,
        InChunk,
        AfterChunk,
        Over,
    }

    private readonly Greeting _greeting;
    private readonly LineReader _lines = new();
    private readonly Queue<Incoming> _unanswered = new();
    private ArrayBufferWriter<byte> _output = new();
    private ArrayBufferWriter<byte> _taken = new();
    private State _state;
    private Incoming? _current;
    private long _leftInChunk;
    private bool _sawCarriageReturn;

    public ReceivingEnd(Greeting greeting)
    {
        _greeting = greeting;
        _output.Advance(greeting.WriteTo(_output.GetSpan(Line.MaxLength)));
    }

    /// <summary>Whether the input waits: for the answer to a <c>resume</c>, or until the output is taken.</summary>
    public bool IsPaused => _state == State.Asked || _output.WrittenCount > MostOutput;

    /// <summary>Whether the protocol has been broken, and nothing more is read.</summary>
    public bool IsOver => _state == State.Over;

    /// <summary>Deliveries that have begun and whose last answer is not in the output.</summary>
    public int Unanswered => _unanswered.Count;

    /// <summary>Whether the sender's FIN is its end here, and not a broken connection. What is unanswered is still to be answered.</summary>
    public bool MayEnd => _state == State.Between && !_lines.IsInside;

    /// <summary>What is to be sent next, everything so far; empty: nothing. It stays as it is until the next call.</summary>
    public ReadOnlyMemory<byte> TakeOutput()
    {
        (_output, _taken) = (_taken, _output);
        _output.ResetWrittenCount();
        return _taken.WrittenMemory;
    }

    /// <summary>Takes the next event from the front of the input.</summary>
    /// <param name="input">What has come and not been taken; what is left of it belongs to the next call.</param>
    public ReceivingEvent Next(ref ReadOnlyMemory<byte> input)
    {
        while (!input.IsEmpty && !IsPaused)
        {
            var found = _state switch
            {
                State.Between => Begin(ref input),
                State.AtChunk => BeginChunk(ref input),
                State.InChunk => Body(ref input),
                State.AfterChunk => EndChunk(ref input),
                _ => Ignore(ref input),
            };
            if (found.Kind != ReceivingEventKind.None)
                return found;
        }

        return default;
    }

    /// <summary>
    /// Answers a delivery. The last answers go out in the order of the deliveries, in whatever order they are given;
    /// <see cref="AnswerVerb.From"/> at once. Nothing happens to a delivery that has its last answer already.
    /// </summary>
    public void Give(Incoming delivery, Answer answer)
    {
        if (IsOver || delivery.Answer is not null)
            return;

        if (answer.Verb == AnswerVerb.From)
        {
            if (_state != State.Asked || delivery != _current || answer.Bytes > (delivery.Header.Length ?? long.MaxValue))
                throw new InvalidOperationException($"{delivery.Header.Id} cannot begin at {answer.Bytes}");
            delivery.Position = answer.Bytes;
            Write(delivery, answer);
            _state = State.AtChunk;
            return;
        }

        if (answer.Verb == AnswerVerb.Received && delivery == _current && _state != State.Asked)
            throw new InvalidOperationException($"{delivery.Header.Id} has not ended");
        if (delivery == _current && _state == State.Asked)
            EndBody();
        Conclude(delivery, answer);
    }

    private ReceivingEvent Begin(ref ReadOnlyMemory<byte> input)
    {
        if (_lines.TryRead(ref input, out var text) is not { } isThere)
            return Fail("a line has 1,024 bytes at most");
        if (!isThere)
            return default;

        var line = new Line(text);
        var verb = line.Next();
        if (verb.SequenceEqual("deliver"u8) || verb.SequenceEqual("resume"u8))
            return BeginDelivery(line, asks: verb[0] == 'r');
        if (!verb.SequenceEqual("cancel"u8))
            return Fail("deliver, resume or cancel is expected");
        return DeliveryId.Parse(line.Next()) is { } id && line.OnlyPairsAreLeft()
            ? new ReceivingEvent(ReceivingEventKind.Cancelled, Text: id)
            : Fail("cancel has one id");
    }

    private ReceivingEvent BeginDelivery(Line line, bool asks)
    {
        if (DeliveryHeader.Parse(line, asks, out var error, out var refusal) is not { } header)
            return Fail(error);
        if (_unanswered.Count == _greeting.Window)
            return Fail($"more than {_greeting.Window} deliveries are unanswered (window)");

        if (header.Algorithm is { } algorithm && !_greeting.Digests.Contains(algorithm))
            refusal ??= Answer.Never(Codes.BadDigest, "the greeting names the digests that are possible");
        if (header.Length > _greeting.MaxLength)
            refusal ??= TooLong();
        var delivery = _current = new Incoming(header, header.Algorithm ?? _greeting.Digests[0]);
        _unanswered.Enqueue(delivery);
        _state = asks ? State.Asked : State.AtChunk;
        if (refusal is null)
            return new ReceivingEvent(ReceivingEventKind.Begun, delivery);

        Give(delivery, refusal);
        return new ReceivingEvent(ReceivingEventKind.Refused, delivery);
    }

    private ReceivingEvent BeginChunk(ref ReadOnlyMemory<byte> input)
    {
        if (_lines.TryRead(ref input, out var text) is not { } isThere)
            return Fail("a line has 1,024 bytes at most");
        if (!isThere)
            return default;

        var line = new Line(text);
        var field = line.Next();
        if (Line.TryCount(field, out var size) && size > 0 && line.OnlyPairsAreLeft())
        {
            (_state, _leftInChunk) = (State.InChunk, size);
            return _current!.Answer is null && size > RoomLeft(_current)
                ? Refuse(_current, _current.Header.Length is null ? TooLong() : Answer.Later(Codes.Mismatch, "more bytes came than the length said"))
                : default;
        }

        if (field.SequenceEqual("end"u8))
            return EndDelivery(line);
        if (!field.SequenceEqual("abort"u8) || !line.OnlyPairsAreLeft())
            return Fail("the size of a chunk, end or abort is expected");
        var (aborted, answered) = (_current!, _current!.Answer is not null);
        EndBody();
        Conclude(aborted, Answer.Later(Codes.Aborted));
        return answered ? default : new ReceivingEvent(ReceivingEventKind.Aborted, aborted);
    }

    private ReceivingEvent EndDelivery(Line line)
    {
        var delivery = _current!;
        var digest = delivery.Header.Digest;
        if (!line.Rest.IsEmpty && !Line.TryPair(line.Rest, out _, out _))
        {
            var said = Digest.Parse(line.Next());
            if (said?.Algorithm != delivery.Algorithm || (digest is not null && said != digest))
                return Fail("end has the digest of the whole payload, made as the header or the greeting says");
            digest = said;
        }

        if (!line.OnlyPairsAreLeft())
            return Fail("after end come a digest and key=value");
        EndBody();
        if (delivery.Answer is not null)
            return default;
        return delivery.Position < delivery.Header.Length
            ? Refuse(delivery, Answer.Later(Codes.Mismatch, "fewer bytes came than the length said"))
            : new ReceivingEvent(ReceivingEventKind.Ended, delivery, Digest: digest);
    }

    private ReceivingEvent Body(ref ReadOnlyMemory<byte> input)
    {
        var bytes = input[..(int)Math.Min(input.Length, _leftInChunk)];
        input = input[bytes.Length..];
        _leftInChunk -= bytes.Length;
        if (_leftInChunk == 0)
            _state = State.AfterChunk;
        if (_current!.Answer is null)
        {
            _current.Position += bytes.Length;
            return new ReceivingEvent(ReceivingEventKind.Bytes, _current, bytes);
        }

        _current.Discarded += bytes.Length;
        return _current.Discarded > MostDiscarded ? Fail("a refused delivery went on for more than 1 MiB") : default;
    }

    private ReceivingEvent EndChunk(ref ReadOnlyMemory<byte> input)
    {
        var next = input.Span[0];
        input = input[1..];
        if (next == '\r' && !_sawCarriageReturn)
        {
            _sawCarriageReturn = true;
            return default;
        }

        _sawCarriageReturn = false;
        if (next != '\n')
            return Fail("after a chunk comes a line feed");
        _state = State.AtChunk;
        return default;
    }

    private static ReceivingEvent Ignore(ref ReadOnlyMemory<byte> input)
    {
        input = default;
        return default;
    }

    private long RoomLeft(Incoming delivery) => (delivery.Header.Length ?? _greeting.MaxLength) - delivery.Position;

    private Answer TooLong() => Answer.Never(Codes.TooLong, $"max-length is {_greeting.MaxLength} bytes");

    private ReceivingEvent Refuse(Incoming delivery, Answer answer)
    {
        Conclude(delivery, answer);
        return new ReceivingEvent(ReceivingEventKind.Refused, delivery);
    }

    private void EndBody() => (_state, _current) = (State.Between, null);

    /// <summary>Writes what has become the oldest answer, and those behind it that are there already.</summary>
    private void Conclude(Incoming delivery, Answer answer)
    {
        delivery.Answer ??= answer;
        while (_unanswered.TryPeek(out var oldest) && oldest.Answer is { } next)
            Write(_unanswered.Dequeue(), next);
    }

    private void Write(Incoming delivery, Answer answer) =>
        _output.Advance(answer.WriteTo(delivery.Header.Id, _output.GetSpan(Line.MaxLength)));

    private ReceivingEvent Fail(string reason)
    {
        _state = State.Over;
        _output.Advance(new LineWriter(_output.GetSpan(Line.MaxLength)).Add("error "u8).AddText(reason).End());
        return new ReceivingEvent(ReceivingEventKind.Failed, _current, Text: reason);
    }
}
