using ActorSockets.Outbox;

namespace ActorSockets.Servers;

/// <summary>When a relay's client has its receipt, or answer.</summary>
public enum ReceiptAfter
{
    /// <summary>The payload is in the outbox, on the disk.</summary>
    Stored,

    /// <summary>Every target has it.</summary>
    Delivered,
}

/// <summary>What a server with <c>sink = relay</c> does with a payload, whatever protocol brought it.</summary>
/// <param name="server">Its settings.</param>
/// <param name="outbox">Where it goes.</param>
internal sealed class Relay(ServerSettings server, OpenOutbox outbox)
{
    // A disk that is full says nothing when it has room again.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    public IOutbox Outbox => outbox.Outbox;

    public ILedger Ledger => outbox.Store.Ledger;

    /// <summary>What is full for a payload of this length; null: there is room now.</summary>
    public string? WhyFull(long length) => Outbox.Room.WhyFull(server.RelayTo, length) ?? Outbox.Room.WhyFull(length);

    /// <summary>Stores a complete payload with a delivery for each target.</summary>
    /// <param name="payload">It.</param>
    /// <param name="id">The id of its deliveries.</param>
    /// <param name="name">The name that receivers should give it; null: none.</param>
    /// <param name="received">What the ledger notes in the same transaction; null: nothing.</param>
    /// <inheritdoc cref="IOutbox.SubmitAsync" path="/exception"/>
    public Task SubmitAsync(IPayloadWriter payload, string id, string? name, LedgerEntry? received) =>
        Outbox.SubmitAsync(new Submission(payload, [.. server.RelayTo.Select(target => new NewDelivery(target, id, name))], received));

    /// <summary>Done when the client may be told: at once, or when every target has the payload; or when it has gone.</summary>
    /// <param name="id">The id of the deliveries.</param>
    /// <param name="gone">The client has: the payload is stored, and nobody hears the rest.</param>
    /// <exception cref="NotDeliveredException">Targets have failed.</exception>
    /// <exception cref="IOException">The system stops; the payload stays in the outbox.</exception>
    public async Task WhenReceiptIsDueAsync(string id, CancellationToken gone)
    {
        try
        {
            if (server.ReceiptAfter == ReceiptAfter.Delivered && await Outbox.WhenEndedAsync(id, server.RelayTo, gone) is { Count: > 0 } failed)
                throw new NotDeliveredException(failed);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Waits until something has gone; the caller then looks again.</summary>
    /// <exception cref="IOException">The system stops.</exception>
    public async Task WaitForRoomAsync()
    {
        await Outbox.Room.WhenFreedAsync(LookAgain);
        if (Outbox.IsStopping)
            throw new IOException("the program stops while the outbox is full");
    }
}

/// <summary>Targets could not have a payload that the relay has stored.</summary>
internal sealed class NotDeliveredException(IReadOnlyList<string> targets) : IOException($"not delivered to {string.Join(", ", targets)}");
