using System.Buffers;
using System.Text;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// One delivery of a connection, from its header to its last answer: opened, written, hashed and stored, one step after another.
/// Each step gives the answer that it brings about, or null; none throws. A delivery that has its last answer ignores what comes.
/// </summary>
internal sealed class Arriving
{
    // Hashing fewer bytes with SHA-256 takes less time than handing them to another thread.
    private const int HashedAside = 16 * 1024;

    private const int ReadAgain = 1 << 20;

    private readonly IArrivals _arrivals;
    private readonly ArrivalRequest _request;
    private readonly PayloadDigest _digest;
    private IArrival? _arrival;
    private Opening.Known? _known;
    private Digest _knownDigest;
    private PayloadDigest? _compared;
    private Task _last = Task.CompletedTask;
    private Task _hashingAgain = Task.CompletedTask;
    private long _written;
    private long _hashed;

    /// <param name="delivery">What its sender says.</param>
    /// <param name="arrivals">Where it goes.</param>
    /// <param name="key">Its name in the ledger.</param>
    /// <param name="peer">The sender's address.</param>
    /// <param name="now">When it begins.</param>
    /// <param name="gone">The connection is of no more use.</param>
    public Arriving(Incoming delivery, IArrivals arrivals, DeliveryKey key, string peer, TimeSpan now, CancellationToken gone)
    {
        (Delivery, BeganAt, _arrivals) = (delivery, now, arrivals);
        _digest = PayloadDigest.Of(delivery.Algorithm);
        var header = delivery.Header;
        _request = new ArrivalRequest(key, header.Length, header.Digest?.ToString(), header.Name, header.Asks) { Peer = peer, Gone = gone };
    }

    public Incoming Delivery { get; }

    public TimeSpan BeganAt { get; }

    /// <summary>Bytes that an earlier connection brought.</summary>
    public long ResumedFrom { get; private set; }

    /// <summary>Bytes that are kept of a delivery that is not stored.</summary>
    public long Kept { get; private set; }

    /// <summary>The name under which people find it, once it is stored; null: none.</summary>
    public string? StoredAs { get; private set; }

    /// <summary>Whether it was stored before it came on this connection.</summary>
    public bool WasKnown { get; private set; }

    /// <summary>What failed here, which the sender is not told in detail; null: nothing.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether <see cref="EndAsync"/>, <see cref="KeepAsync"/> or <see cref="DropAsync"/> was called: it comes to its end by itself.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Begins it, once no other connection has it.</summary>
    /// <param name="owner">The connection.</param>
    /// <param name="evict">Called, by any thread, when another connection brings the same delivery.</param>
    public ValueTask<Answer?> BeginAsync(object owner, Action evict) => Then(() => OpenAsync(owner, evict));

    /// <summary>Takes the next bytes; their memory is the caller's again when the step is done.</summary>
    public ValueTask<Answer?> AppendAsync(ReadOnlyMemory<byte> bytes) => Then(() => WriteAsync(bytes));

    /// <summary>All bytes have come: compares digests, and stores it.</summary>
    /// <param name="said">The digest that its sender says; null: none.</param>
    public ValueTask<Answer?> EndAsync(Digest? said)
    {
        IsEnding = true;
        return Then(() => StoreAsync(said));
    }

    /// <summary>No more comes on this connection: what came is kept where possible.</summary>
    public ValueTask<Answer?> KeepAsync()
    {
        IsEnding = true;
        return Then(async () =>
        {
            await LetGoAsync(keeps: true);
            return null;
        });
    }

    /// <summary>What came is thrown away.</summary>
    public ValueTask<Answer?> DropAsync()
    {
        IsEnding = true;
        return Then(async () =>
        {
            await LetGoAsync(keeps: false);
            return null;
        });
    }

    /// <summary>Runs a step after the earlier ones: at once, and without a task, where they are done.</summary>
    private ValueTask<Answer?> Then(Func<ValueTask<Answer?>> step)
    {
        var now = _last.IsCompleted ? step() : AfterAsync(_last, step);
        if (now.IsCompletedSuccessfully)
            return now;
        var task = now.AsTask();
        _last = task;
        return new ValueTask<Answer?>(task);

        static async ValueTask<Answer?> AfterAsync(Task earlier, Func<ValueTask<Answer?>> step)
        {
            await earlier;
            return await step();
        }
    }

    private async ValueTask<Answer?> OpenAsync(object owner, Action evict)
    {
        try
        {
            switch (await _arrivals.OpenAsync(_request, owner, evict))
            {
                case Opening.Begun begun:
                    _arrival = begun.Arrival;
                    ResumedFrom = _written = _arrival.Offset;
                    _hashingAgain = HashAgainAsync(_written);
                    return _request.Asks ? Answer.From(_arrival.Offset) : null;
                case Opening.Known known:
                    return Know(known);
                case Opening.Refused refused:
                    return Answer.Never(refused.Code, refused.Text);
            }
        }
        catch (IOException e)
        {
            return Fail(e);
        }

        return null;
    }

    private Answer? Know(Opening.Known known)
    {
        (_known, StoredAs, WasKnown) = (known, known.StoredAs, true);
        _knownDigest = Digest.Parse(Encoding.ASCII.GetBytes(known.Digest))!.Value;
        if (!_request.Asks)
        {
            if (_knownDigest.Algorithm != Delivery.Algorithm)
                _compared = PayloadDigest.Of(_knownDigest.Algorithm);
            return null;
        }

        // The sender could not compare a digest of another algorithm: it sends the bytes once more.
        if (_knownDigest.Algorithm == Delivery.Algorithm)
            return Answer.Received(known.Length, _knownDigest);
        _compared = PayloadDigest.Of(_knownDigest.Algorithm);
        return Answer.From(0);
    }

    private async ValueTask<Answer?> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_arrival is null)
        {
            if (_known is not null)
                Compare(bytes.Span);
            return null;
        }

        try
        {
            var hashing = HashAsync(bytes);
            await _arrival.WriteAsync(bytes);
            _written += bytes.Length;
            await hashing;
            return null;
        }
        catch (IOException e)
        {
            await LetGoAsync(keeps: true);
            return Fail(e);
        }
    }

    private void Compare(ReadOnlySpan<byte> bytes)
    {
        _digest.Append(bytes);
        _compared?.Append(bytes);
        _written += bytes.Length;
    }

    private Task HashAsync(ReadOnlyMemory<byte> bytes)
    {
        if (!_hashingAgain.IsCompleted || _hashed < _written)
        {
            // Behind: what an earlier connection brought is read again while more comes, and then what came meanwhile.
            if (_hashingAgain.IsCompletedSuccessfully)
                _hashingAgain = HashAgainAsync(_written);
            return _hashingAgain.IsFaulted ? _hashingAgain : Task.CompletedTask;
        }

        _hashed += bytes.Length;
        if (Delivery.Algorithm == DigestAlgorithm.Sha256 && bytes.Length >= HashedAside)
            return Task.Run(() => _digest.Append(bytes.Span));
        _digest.Append(bytes.Span);
        return Task.CompletedTask;
    }

    private async Task HashAgainAsync(long to)
    {
        if (_hashed == to)
            return;

        var buffer = ArrayPool<byte>.Shared.Rent(ReadAgain);
        while (_hashed < to)
        {
            var count = await _arrival!.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, to - _hashed)), _hashed);
            if (count == 0)
                throw new EndOfStreamException($"the partial delivery is shorter than the {to} bytes that were written");
            _digest.Append(buffer.AsSpan(0, count));
            _hashed += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private async ValueTask<Answer?> StoreAsync(Digest? said)
    {
        if (_arrival is null)
            return _known is null ? null : Judge(said);

        try
        {
            await _hashingAgain;
            await (_hashingAgain = HashAgainAsync(_written));
            var digest = _digest.Value();
            if (said is not null && said != digest)
            {
                await LetGoAsync(keeps: false);
                return Answer.Later(Codes.Mismatch, $"{digest} came");
            }

            var arrival = _arrival;
            _arrival = null;
            (StoredAs, WasKnown) = await arrival.StoreAsync(_written, digest.ToString());
            return Answer.Received(_written, digest);
        }
        catch (NameTakenException e)
        {
            Failure = e.Message;
            return Answer.Never(Codes.BadName, "something has this name already");
        }
        catch (NotDeliveredException e)
        {
            return Answer.Never(Codes.Failed, e.Message);
        }
        catch (DuplicateDeliveryException e)
        {
            Failure = e.Message;
            return Answer.Never(Codes.IdInUse, e.IsSamePayload ? "a delivery of this id waits for a target" : "another payload has this id");
        }
        catch (IOException e)
        {
            await LetGoAsync(keeps: true);
            return Fail(e);
        }
        finally
        {
            _digest.Dispose();
        }
    }

    /// <summary>The answer to a body of an id that is stored already.</summary>
    private Answer Judge(Digest? said)
    {
        var digest = _digest.Value();
        if (said is not null && said != digest)
            return Answer.Later(Codes.Mismatch, $"{digest} came");
        return _written == _known!.Length && (_compared?.Value() ?? digest) == _knownDigest
            ? Answer.Received(_written, digest)
            : Answer.Never(Codes.IdInUse, "another payload has this id");
    }

    /// <summary>Ends the arrival, if one is open.</summary>
    private async Task LetGoAsync(bool keeps)
    {
        var arrival = _arrival;
        _arrival = null;
        try
        {
            // It reads what the arrival closes.
            await _hashingAgain.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (arrival is not null && keeps && !_hashingAgain.IsFaulted)
                Kept = await arrival.KeepAsync();
            else if (arrival is not null)
                await arrival.DropAsync();
        }
        catch (IOException e)
        {
            Failure ??= e.Message;
        }
    }

    private Answer Fail(IOException e)
    {
        Failure = e.Message;
        return e is LedgerException { IsFull: true } or OutboxFullException || Posix.IsDiskFull(e)
            ? Answer.Later(Codes.Full, "no room")
            : Answer.Later(Codes.Failed, "the receiver's storage failed");
    }
}
