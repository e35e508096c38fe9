using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ActorSockets.Clients;

/// <summary>What the peer said and did about the bytes that it was sent, and what that proves.</summary>
internal sealed class Confirmation(Confirm asked) : IDisposable
{
    private readonly IncrementalHash? _sent = asked == Confirm.Receipt ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private readonly List<byte> _answer = [];
    private long _sentBytes;

    /// <summary>Whether the peer's FIN came before ours, and so says nothing about our last bytes.</summary>
    public bool PeerClosedFirst { get; set; }

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

    /// <summary>What it comes to, all being sent and both sides closed.</summary>
    /// <param name="peer">What messages call it.</param>
    public Attempt.Ending Judge(string peer)
    {
        if (_sent is null)
        {
            return PeerClosedFirst
                ? new Attempt.Unconfirmed($"{peer} closed its side before it had seen the end: it may have read all, or not")
                : new Attempt.Confirmed();
        }

        if (_answer.Count == 0)
            return new Attempt.Unconfirmed($"{peer} closed without a receipt (does it send one?)");
        if (Heard() is not { } receipt)
            return new Attempt.Unconfirmed($"{peer} sent back something that is no receipt");
        return receipt == Sent()
            ? new Attempt.Confirmed()
            : new Attempt.Lost($"{peer} stored something else: it received {receipt.Bytes} B with SHA-256 {receipt.Sha256}, not the {_sentBytes} B with {Sent().Sha256} that were sent");
    }

    public void Dispose() => _sent?.Dispose();

    private Receipt? Heard() => Receipt.Parse(CollectionsMarshal.AsSpan(_answer));

    private Receipt Sent() => Receipt.For(_sentBytes, _sent!.GetCurrentHash());
}
