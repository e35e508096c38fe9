namespace ActorSockets.Transport;

/// <summary>
/// An established connection, whatever carries it. One read and one write may be under way at a time. Whatever ends a
/// connection before <see cref="Close"/>, the death of this process included, is a reset to the peer and never an end.
/// </summary>
internal abstract class Connection
{
    /// <summary>The peer's address and port.</summary>
    public abstract string Peer { get; }

    /// <summary>Who the peer is, as its certificate has it; null without one.</summary>
    public virtual PeerIdentity? Identity => null;

    /// <summary>The protocol that both sides agreed on when they connected; null: none.</summary>
    public virtual string? Protocol => null;

    /// <summary>Waits until there is something to read, and reads it if there is room.</summary>
    /// <returns>0 with room is the peer's end.</returns>
    /// <exception cref="IOException">The connection broke; the message is the system's.</exception>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> room);

    /// <summary>Waits until the kernel has room, and gives it as much as it takes.</summary>
    /// <param name="bytes">At least one; unchanged until the task is done.</param>
    /// <returns>How many the kernel took, at least one.</returns>
    /// <exception cref="IOException">The connection broke, and the kernel took nothing of this; the message is the system's.</exception>
    public abstract ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Tells the peer that no more will come; reading goes on.</summary>
    /// <returns>Whether the peer had not told its own end before it could know of ours: then its end is an answer.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public abstract ValueTask<bool> FinishAsync();

    /// <summary>
    /// Whether an end of the peer that was read since had come before it could know of ours, so that it is no answer. Only TLS
    /// finds that out so late: the peer's end is inside the bytes.
    /// </summary>
    public virtual bool PeerEndedFirst => false;

    /// <summary>Bytes that the peer's kernel has acknowledged so far, and whether that is everything; null where the system does not tell.</summary>
    public abstract (long Bytes, bool All)? Acknowledged();

    /// <summary>Whether the peer has reset it, for when no read is under way that would fail; false where the system does not tell.</summary>
    public virtual bool IsReset => false;

    /// <summary>Lets go of the connection; the kernel delivers what it has taken, and our end behind it.</summary>
    public abstract void Close();

    /// <summary>Resets the connection. Does nothing to one that is closed. Reads and writes under way fail.</summary>
    public abstract void Abort();
}
