using ActorSockets.Payloads;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;

namespace ActorSockets.Clients;

/// <summary>A delivery on a connection: its open payload, and the hash of what was read of it.</summary>
internal sealed class OnTheWire(Pipelined.Work work, DeliveryHeader header, Stream bytes, DigestAlgorithm algorithm) : Outgoing(header)
{
    private readonly long _length = bytes is IGrowing ? 0 : bytes.Length;
    private PayloadDigest _hash = PayloadDigest.Of(algorithm);

    public string Id => work.Id;

    public string Description => work.Payload.Description;

    public Stream Bytes => bytes;

    /// <summary>A sentence about the payload.</summary>
    public string WhyUnreadable(Exception e) => Preparation.Reason(e, work.Payload);

    /// <summary>Null: not known yet.</summary>
    public long? Length => Growing is null ? _length : Growing.KnownLength;

    /// <summary>The payload as a stream that may not have ended; null: it is none.</summary>
    public IGrowing? Growing { get; } = bytes as IGrowing;

    /// <summary>Bytes that can be read now; 0: all is read; null: more may come.</summary>
    public long? Ready => Length is { } length ? length - Read : Growing!.Available is > 0 and var available ? available : null;

    /// <summary>What was read and hashed.</summary>
    public long Read { get; private set; }

    /// <summary>Up to there it is read only to be hashed: the target has it.</summary>
    public long HashTo { get; private set; }

    /// <summary>What the target says that it has stored, while the payload is read to be compared with it.</summary>
    public Answer? Claim { get; private set; }

    /// <summary>The hash of all of it, once it was read.</summary>
    public Digest? Digest { get; private set; }

    /// <summary>Whether its outcome here is known, and its answer is of no interest any more.</summary>
    public bool IsOver { get; set; }

    /// <summary>Whether the target is to forget what it has of it.</summary>
    public bool IsWithdrawn { get; set; }

    public void ReadOnly(long to) => HashTo = to;

    /// <summary>The target has stored it already, and what it stored is to be compared with all of this payload.</summary>
    public void Compare(Answer claim)
    {
        (Claim, HashTo) = (claim, long.MaxValue);
        if (claim.Digest!.Value.Algorithm == algorithm)
            return;
        _hash.Dispose();
        _hash = PayloadDigest.Of(claim.Digest.Value.Algorithm);
    }

    public void Hash(ReadOnlySpan<byte> next)
    {
        _hash.Append(next);
        Read += next.Length;
    }

    public Digest Finish()
    {
        Digest = _hash.Value();
        return Digest.Value;
    }

    /// <summary>Once everything is read: whether the payload changed meanwhile, as a sentence; null when it did not.</summary>
    public ValueTask<string?> CheckAsync() => bytes is IChecked payload ? new(payload.ChangedSinceOpenedAsync()) : default;

    /// <summary>What <c>received</c> proves.</summary>
    /// <param name="answer">The target's.</param>
    /// <param name="peer">What messages call it.</param>
    public Attempt.Ending Judge(Answer answer, string peer) => answer.Bytes == Read && answer.Digest == Digest
        ? new Attempt.Confirmed()
        : new Attempt.Lost(Events.FailureKind.ReceiptMismatch, $"{peer} stored something else: {answer.Bytes} B with {answer.Digest}; sent were {Read} B with {Digest}");

    /// <summary>Closes the payload after the read that is under way.</summary>
    public void Close(Task reading)
    {
        _hash.Dispose();
        _ = Preparation.CloseAsync(Task.FromResult(bytes), reading);
    }
}
