using ActorSockets.Outbox;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// Deliveries into sinks that keep nothing, a sink for each. The last ones are remembered as long as the process lives; one
/// that breaks off begins again.
/// </summary>
/// <param name="createSink">Makes the sink of a delivery.</param>
internal sealed class SinkArrivals(Func<ArrivalRequest, ISink> createSink) : IArrivals
{
    /// <summary>Deliveries that are remembered.</summary>
    public const int MostRemembered = 10_000;

    private readonly MemoryLedger _ledger = new(MostRemembered);
    private readonly ArrivalClaims _claims = new();

    public async Task<Opening> OpenAsync(ArrivalRequest request, object owner, Action evict)
    {
        var claim = await _claims.TakeAsync(request.Key, owner, evict);
        Opening? opening = null;
        try
        {
            opening = await _ledger.FindAsync(request.Key) is { } entry ? Known(request, entry) : new Opening.Begun(new SinkArrival(this, claim, createSink(request)));
            return opening;
        }
        catch (Exception e) when (e is not IOException)
        {
            throw Failed(e);
        }
        finally
        {
            if (opening is not Opening.Begun)
                claim.Release();
        }
    }

    public Task CancelAsync(DeliveryKey key, object owner) => Task.CompletedTask;

    public Task<IReadOnlyList<string>> CleanAsync(DateTime now) => Task.FromResult<IReadOnlyList<string>>([]);

    private static Opening Known(ArrivalRequest request, LedgerEntry entry) =>
        (request.Length is { } length && length != entry.Length)
        || (request.Digest is { } digest && digest != entry.Digest && digest.Split(':')[0] == entry.Digest!.Split(':')[0])
            ? new Opening.Refused("id-in-use", "another payload has this id")
            : new Opening.Known(entry.Length!.Value, entry.Digest!, entry.StoredAs);

    /// <summary>A sink may be the embedding program's, and throw anything.</summary>
    private static IOException Failed(Exception cause) => new(cause.Message, cause);

    private sealed class SinkArrival(SinkArrivals arrivals, ArrivalClaims.Claim claim, ISink sink) : IArrival
    {
        public long Offset => 0;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            try
            {
                await sink.WriteAsync(bytes);
            }
            catch (Exception e) when (e is not IOException)
            {
                throw Failed(e);
            }
        }

        public Task<int> ReadAsync(Memory<byte> to, long position) => throw new NotSupportedException("a sink cannot be read");

        public async Task<Stored> StoreAsync(long length, string digest)
        {
            var isStored = false;
            try
            {
                await sink.CompleteAsync();
                isStored = true;
                await arrivals._ledger.WriteAsync(new LedgerEntry
                {
                    Key = claim.Key,
                    State = LedgerState.Received,
                    Length = length,
                    Digest = digest,
                    StoredAs = sink.StoredAs,
                    At = DateTime.UtcNow,
                });
                return new Stored(sink.StoredAs);
            }
            catch (Exception e) when (e is not IOException)
            {
                throw Failed(e);
            }
            finally
            {
                await EndAsync(breaksOff: !isStored);
            }
        }

        public async Task<long> KeepAsync()
        {
            await EndAsync(breaksOff: true);
            return 0;
        }

        public Task DropAsync() => EndAsync(breaksOff: true);

        private async Task EndAsync(bool breaksOff)
        {
            try
            {
                if (breaksOff)
                    await sink.BreakOffAsync();
                await sink.DisposeAsync();
            }
            catch (Exception e) when (e is not IOException)
            {
                throw Failed(e);
            }
            finally
            {
                claim.Release();
            }
        }
    }
}
