using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ActorSockets.Events;
using ActorSockets.Protocols.Raw;

namespace ActorSockets.Clients;

/// <summary>What the peer said and did about the bytes that it was sent, and what that proves.</summary>
internal sealed class Confirmation(Confirm asked) : IDisposable
{
    private readonly IncrementalHash? _sent = asked == Confirm.Receipt ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
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
        _sent?.AppendData(bytes);
    }

    /// <summary>Keeps what may be a receipt, and one byte more, which shows that it is none.</summary>
    public void Heard(ReadOnlySpan<byte> bytes)
    {
        if (_sent is not null && _answer.Count <= Receipt.MaxLength)
            _answer.AddRange(bytes[..Math.Min(bytes.Length, Receipt.MaxLength + 1 - _answer.Count)]);
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
        return receipt == Sent()
            ? new Attempt.Confirmed()
            : new Attempt.Lost(FailureKind.ReceiptMismatch, $"{peer} stored different data: {receipt.Bytes} B with SHA-256 {receipt.Sha256}; sent: {_sentBytes} B with SHA-256 {Sent().Sha256}");
    }

    public void Dispose() => _sent?.Dispose();

    private Receipt? Heard() => Receipt.Parse(CollectionsMarshal.AsSpan(_answer));

    private Receipt Sent() => Receipt.For(_sentBytes, _sent!.GetCurrentHash());
}
