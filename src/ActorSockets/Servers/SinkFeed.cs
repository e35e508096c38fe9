using ActorSockets.Protocols;
using ActorSockets.Servers.Sinks;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Servers;

/// <summary>
/// Feeds a sink for the actor of a connection, one call at a time, and hashes what it stores when a receipt is asked for. For a
/// call that takes time the actor gets <see cref="Stored"/> or <see cref="Failed"/>.
/// </summary>
/// <param name="sink">Disposed with the feed.</param>
/// <param name="digest">null: nobody asks for it. Disposed with the feed.</param>
/// <param name="feeder">The actor.</param>
internal sealed class SinkFeed(ISink sink, ReceivedDigest? digest, IActorRef feeder)
{
    private readonly CutFileSink? _files = sink as CutFileSink;
    private readonly RelaySink? _relay = sink as RelaySink;
    private Task _storing = Task.CompletedTask;

    public string? StoredAs => sink.StoredAs;

    /// <summary>Of all that was stored, once it is complete; null: nobody asked for it.</summary>
    public Digest? Digest() => digest?.Value();

    /// <summary>
    /// Stores a chunk, which stays as it is until that is done. False: <see cref="Stored"/> or <see cref="Failed"/> comes.
    /// </summary>
    /// <param name="chunk">It.</param>
    /// <param name="reply">What the sink answers.</param>
    public bool TryStore(ReceivedChunk chunk, out ReadOnlyMemory<byte> reply)
    {
        var earlierHashed = digest?.AddAsync(chunk) ?? Task.CompletedTask;
        var storing = sink.WriteAsync(chunk.Bytes);
        if (storing.IsCompletedSuccessfully && earlierHashed.IsCompletedSuccessfully)
        {
            reply = storing.Result;
            return true;
        }

        reply = default;
        Await(BothAsync(storing.AsTask(), earlierHashed));
        return false;

        // A chunk is hashed while the next one is on its way; the one after that waits.
        static async Task<ReadOnlyMemory<byte>> BothAsync(Task<ReadOnlyMemory<byte>> storing, Task hashed)
        {
            await hashed;
            return await storing;
        }
    }

    /// <summary>Ends the file that is being written.</summary>
    public void Cut()
    {
        Await(CutAsync(_files!));

        static async Task<ReadOnlyMemory<byte>> CutAsync(CutFileSink files)
        {
            await files.CutAsync();
            return default;
        }
    }

    /// <summary>There is no more.</summary>
    public void Complete()
    {
        Await(CompleteAsync(sink, digest?.Hashed ?? Task.CompletedTask));

        static async Task<ReadOnlyMemory<byte>> CompleteAsync(ISink sink, Task hashed)
        {
            await hashed;
            await sink.CompleteAsync();
            return default;
        }
    }

    /// <summary>The peer has gone: no sink needs to wait for what only it would hear.</summary>
    public void StopWaiting() => _relay?.StopWaiting();

    /// <summary>There is no more, and something is missing: <see cref="Settled"/> comes when the sink has kept what there is.</summary>
    public void BreakOff() => SettleAsync().PipeTo(feeder);

    /// <summary>Ends it.</summary>
    /// <param name="isSettled">Whether the sink knows that there is no more.</param>
    /// <param name="log">Is told why it cannot be disposed.</param>
    public async Task DisposeAsync(bool isSettled, ILoggingAdapter log)
    {
        try
        {
            if (!isSettled)
                await SettleAsync();
            if (digest is not null)
                await digest.DisposeAsync();
            await sink.DisposeAsync();
        }
        catch (Exception e)
        {
            log.Warning("the sink of a connection that has ended cannot be disposed: {0}", e.Message);
        }
    }

    private void Await(Task<ReadOnlyMemory<byte>> storing)
    {
        _storing = storing;
        storing.PipeTo(feeder, success: reply => new Stored(reply), failure: e => new Failed(e.Message));
    }

    /// <summary>The sink is told no second thing before it is done with the first.</summary>
    private async Task<Settled> SettleAsync()
    {
        StopWaiting();
        await _storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            return new Settled(await sink.BreakOffAsync(), null);
        }
        catch (Exception e)
        {
            return new Settled(null, e.Message);
        }
    }

    /// <summary>The sink has done what it was told.</summary>
    public sealed record Stored(ReadOnlyMemory<byte> Reply) : IDeadLetterSuppression;

    /// <summary>It has not.</summary>
    public sealed record Failed(string Reason) : IDeadLetterSuppression;

    /// <summary>Where the sink has kept what came, if anywhere; or why it could not.</summary>
    public sealed record Settled(string? KeptAs, string? Failure) : IDeadLetterSuppression;
}
