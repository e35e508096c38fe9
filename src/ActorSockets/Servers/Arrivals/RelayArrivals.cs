using System.Security.Cryptography;
using System.Text;
using ActorSockets.Outbox;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// Deliveries into the outbox, with the names that they came with, and with their ids, which for clients with certificates become their own
/// at the target too. What the ledger remembers is written in the transaction
/// that stores a payload, so that one that comes again is known: at its header when its sender asks, or else when it is stored, because its
/// bytes come anyway. One that breaks off begins again.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="access">Tells how long deliveries are remembered: the relays of an outbox share its ledger.</param>
/// <param name="relay">Where they go.</param>
internal sealed class RelayArrivals(ServerSettings server, OutboxAccess access, Relay relay) : IArrivals
{
    // Hexadecimal digits.
    private const int HashLength = 32;

    private readonly ArrivalClaims _claims = new();

    public async Task<Opening> OpenAsync(ArrivalRequest request, object owner, Action evict)
    {
        var claim = await _claims.TakeAsync(request.Key, owner, evict);
        Opening? opening = null;
        try
        {
            var isTooLong = request.Length > relay.Outbox.Room.MaxBytes;
            var full = relay.WhyFull(request.Length ?? 0);
            if ((request.Asks || isTooLong || full is not null) && await relay.Ledger.FindAsync(KeyOf(request.Key)) is { } entry)
                opening = await KnownAsync(request, entry);
            else if (isTooLong)
                opening = new Opening.Refused(Codes.TooLong, "the outbox can never hold it");
            else if (full is not null)
                throw new OutboxFullException($"the outbox is full: {full}");
            else
                opening = new Opening.Begun(new RelayArrival(this, claim, request, relay.Outbox.Begin()));
            return opening;
        }
        finally
        {
            if (opening is not Opening.Begun)
                claim.Release();
        }
    }

    public Task CancelAsync(DeliveryKey key, object owner) => Task.CompletedTask;

    public async Task<IReadOnlyList<string>> CleanAsync(DateTime now)
    {
        await relay.Ledger.ForgetAsync(now - access.Remembers);
        return [];
    }

    /// <summary>Servers of one outbox may relay to different targets: what one has stored is not known to another.</summary>
    private DeliveryKey KeyOf(DeliveryKey key) => new($"{server.Name}/{key.Sender}", key.Id);

    /// <summary>
    /// The target sees one sender, the relay: an id that belongs to the subject of a certificate goes on with a hash of whose it is. The same
    /// for a delivery that comes again.
    /// </summary>
    private string IdOf(DeliveryKey key)
    {
        if (key.Sender.Length == 0)
            return key.Id;
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{KeyOf(key).Sender}\n{key.Id}"));
        var legible = key.Id[..Math.Min(key.Id.Length, DeliveryId.MaxLength - 1 - HashLength)];
        return $"{legible}.{Convert.ToHexStringLower(hash)[..HashLength]}";
    }

    /// <summary>Without a name, the target would make one of the id.</summary>
    private static string? NameOf(ArrivalRequest request, string id) =>
        request.Name ?? (id != request.Key.Id && StoredNames.Objection(request.Key.Id) is null ? request.Key.Id : null);

    /// <summary>The id of its deliveries, also where an older version stored it.</summary>
    private static string IdOf(LedgerEntry entry) => entry.StoredAs ?? entry.Key.Id;

    private async Task<Opening> KnownAsync(ArrivalRequest request, LedgerEntry entry)
    {
        if ((request.Length is { } length && length != entry.Length)
            || (request.Digest is { } digest && digest != entry.Digest && digest.Split(':')[0] == entry.Digest!.Split(':')[0]))
            return new Opening.Refused(Codes.IdInUse, "another payload has this id");
        try
        {
            await relay.WhenReceiptIsDueAsync(IdOf(entry), request.Gone);
            return new Opening.Known(entry.Length!.Value, entry.Digest!, null);
        }
        catch (NotDeliveredException e)
        {
            return new Opening.Refused(Codes.Failed, e.Message);
        }
    }

    private sealed class RelayArrival(RelayArrivals arrivals, ArrivalClaims.Claim claim, ArrivalRequest request, IPayloadWriter payload) : IArrival
    {
        public long Offset => 0;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => payload.WriteAsync(bytes);

        public Task<int> ReadAsync(Memory<byte> to, long position) => throw new NotSupportedException("a relay begins each delivery at byte 0");

        public async Task<Stored> StoreAsync(long length, string digest)
        {
            var (id, wasKnown) = (arrivals.IdOf(request.Key), false);
            try
            {
                await payload.CompleteAsync();
                await arrivals.StoreAsync(payload, request, id, new LedgerEntry
                {
                    Key = arrivals.KeyOf(request.Key),
                    State = LedgerState.Received,
                    Length = length,
                    Digest = digest,
                    Offset = length,
                    StoredAs = id == request.Key.Id ? null : id,
                    At = DateTime.UtcNow,
                });
            }
            catch (AlreadyReceivedException e)
            {
                (id, wasKnown) = (IdOf(e.Entry), true);
                if (e.Entry.Length != length || (e.Entry.Digest != digest && e.Entry.Digest != await HashAgainAsync(e.Entry.Digest!)))
                    throw new DuplicateDeliveryException($"{e.Message}, with another payload", isSamePayload: false);
            }
            finally
            {
                await EndAsync();
            }

            // Without the claim: another connection that brings it again waits with us.
            await arrivals.WhenReceiptIsDueAsync(id, request.Gone);
            return new Stored(null, wasKnown);
        }

        public async Task<long> KeepAsync()
        {
            await EndAsync();
            return 0;
        }

        public Task DropAsync() => EndAsync();

        /// <summary>Its digest by the algorithm of another one.</summary>
        private async Task<string> HashAgainAsync(string other)
        {
            using var hash = PayloadDigest.Of(Digest.Parse(Encoding.ASCII.GetBytes(other))!.Value.Algorithm);
            await using var bytes = await payload.OpenAsync();
            var buffer = new byte[64 * 1024];
            for (int count; (count = await bytes.ReadAsync(buffer)) > 0;)
                hash.Append(buffer.AsSpan(0, count));
            return hash.Value().ToString();
        }

        private async Task EndAsync()
        {
            await payload.DisposeAsync();
            claim.Release();
        }
    }

    private Task StoreAsync(IPayloadWriter payload, ArrivalRequest request, string id, LedgerEntry received) =>
        relay.SubmitAsync(payload, id, NameOf(request, id), received);

    private Task WhenReceiptIsDueAsync(string id, CancellationToken gone) => relay.WhenReceiptIsDueAsync(id, gone);
}
