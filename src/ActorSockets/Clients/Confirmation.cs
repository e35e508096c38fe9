using System.Runtime.InteropServices;
using ActorSockets.Events;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Raw;

namespace ActorSockets.Clients;

/// <summary>What the peer said and did about the bytes that it was sent, and what that proves.</summary>
/// <param name="asked">What the delivery waits for.</param>
/// <param name="algorithm">What a receipt must be made with.</param>
internal sealed class Confirmation(Confirm asked, DigestAlgorithm algorithm) : IDisposable
{
    // A receipt, and a byte more; or a greeting, and the beginning of an error.
    private const int Longest = 256;

    private readonly PayloadDigest? _sent = asked == Confirm.Receipt ? PayloadDigest.Of(algorithm) : null;
    private readonly List<byte> _answer = [];
    private long _sentBytes;

    /// <summary>Whether the peer's FIN came before ours, and so says nothing about our last bytes.</summary>
    public bool PeerClosedFirst { get; set; }

    /// <summary>Whether the peer's FIN has come.</summary>
    public bool PeerClosed { get; set; }

    /// <summary>Whether ours has gone out.</summary>
    public bool WeFinished { get; set; }

    /// <summary>Counts what is about to be sent, in order.</summary>
    public void Sending(ReadOnlySpan<byte> bytes)
    {
        _sentBytes += bytes.Length;
        _sent?.Append(bytes);
    }

    /// <summary>Keeps what may be a receipt, or shows that it is none.</summary>
    public void Heard(ReadOnlySpan<byte> bytes)
    {
        if (_answer.Count < Longest)
            _answer.AddRange(bytes[..Math.Min(bytes.Length, Longest - _answer.Count)]);
    }

    /// <summary>Whether the peer greeted, and then refused what it got: it takes deliveries with names, and no raw bytes.</summary>
    public bool SpeaksDeliveries()
    {
        var answer = CollectionsMarshal.AsSpan(_answer);
        return answer.StartsWith("deliveries/"u8) && answer.IndexOf((byte)'\n') is > 0 and var end && answer[(end + 1)..].StartsWith("error "u8);
    }

    /// <summary>Whether there is a receipt for exactly the bytes that were sent: proof, whatever became of the connection.</summary>
    public bool HasRightReceipt() => _sent is not null && Heard() == Sent();

    /// <summary>What it proves, once everything is sent and both sides have closed.</summary>
    /// <param name="peer">What messages call it.</param>
    public Attempt.Ending Judge(string peer)
    {
        if (_sent is null)
        {
            return PeerClosedFirst
                ? new Attempt.Unconfirmed($"{peer} closed its side before the end of the data; it may not have read everything")
                : new Attempt.Confirmed();
        }

        if (_answer.Count == 0)
            return new Attempt.Unconfirmed($"{peer} closed without a receipt (does the server send receipts?)");
        if (Heard() is not { } receipt)
            return new Attempt.Unconfirmed($"{peer} sent something that is not a receipt");
        if (receipt.Digest.Algorithm != algorithm)
        {
            return new Attempt.Unconfirmed(
                $"{peer} sent a receipt with {Digest.NameOf(receipt.Digest.Algorithm)}, which proves nothing here: needs digest = {Digest.NameOf(algorithm)} (set both ends to the same)");
        }

        return receipt == Sent()
            ? new Attempt.Confirmed()
            : new Attempt.Lost(FailureKind.ReceiptMismatch, $"{peer} stored different data: {receipt.Bytes} B with {receipt.Digest}; sent: {_sentBytes} B with {Sent().Digest}");
    }

    public void Dispose() => _sent?.Dispose();

    private Receipt? Heard() => Receipt.Parse(CollectionsMarshal.AsSpan(_answer));

    private Receipt Sent() => new(_sentBytes, _sent!.Value());
}
