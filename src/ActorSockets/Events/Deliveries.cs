using ActorSockets.Payloads;

namespace ActorSockets.Events;

/// <summary>
/// The messages of the sending side. Send <see cref="Deliver"/> to <see cref="ActorSocketsExtension.Ref"/>, which answers with one
/// <see cref="IAnswer"/>. The EventStream gets the answers too, each before its asker, and every <see cref="IDeliveryEvent"/> in between. Sizes
/// are bytes.
/// </summary>
public static class Deliveries
{
    /// <summary>A command to the sending side.</summary>
    public interface ICommand;

    /// <summary>
    /// Sends a payload to a target. The caller chooses <paramref name="Id"/>, which must be unique among the target's unfinished
    /// deliveries and stays the same over all attempts.
    /// </summary>
    public sealed record Deliver(string Id, string Target, Payload Payload) : ICommand
    {
        /// <summary>How long it has waited in an outbox.</summary>
        internal TimeSpan Age { get; init; }

        /// <summary>Its place in the line of an outbox; null: behind those that came before it.</summary>
        internal long? Place { get; init; }

        /// <summary>Attempts that were made before it came out of the outbox.</summary>
        internal int AttemptsBefore { get; init; }
    }

    /// <summary>
    /// Ends a delivery, waiting or under way, as <see cref="Failed"/>. The answer is <see cref="Cancelled"/>, or
    /// <see cref="NotCancelled"/> if no unfinished delivery has that id.
    /// </summary>
    public sealed record Cancel(string Id, string Target) : ICommand;

    /// <summary>The delivery was cancelled, and has failed.</summary>
    public sealed record Cancelled(string Target, string Id);

    /// <summary>No unfinished delivery has that id.</summary>
    public sealed record NotCancelled(string Target, string Id);

    /// <summary>
    /// A target that backs off makes its next attempt at once. The answer is <see cref="Retrying"/>, or <see cref="NotRetrying"/> if
    /// it does not back off.
    /// </summary>
    public sealed record Retry(string Target) : ICommand;

    /// <summary>The target makes its next attempt now.</summary>
    public sealed record Retrying(string Target);

    /// <summary>The target does not back off, or there is none of that name.</summary>
    public sealed record NotRetrying(string Target);

    /// <summary>
    /// Rejects new deliveries, goes on with the unfinished ones, and answers <see cref="Drained"/> when each of them has its
    /// outcome.
    /// </summary>
    public sealed record Drain : ICommand;

    /// <summary>Fails every unfinished delivery, and answers <see cref="Drained"/>.</summary>
    public sealed record CutOff : ICommand;

    /// <summary>Every delivery has its outcome.</summary>
    public sealed record Drained;

    /// <summary>Something about a target itself, and not about one delivery.</summary>
    public interface ITargetChange
    {
        /// <summary>The target's name.</summary>
        string Target { get; }
    }

    /// <summary>The target accepts deliveries.</summary>
    public sealed record TargetAdded(string Target, string Endpoint) : ITargetChange;

    /// <summary>The target is gone, and its name is free.</summary>
    public sealed record TargetRemoved(string Target) : ITargetChange;

    /// <summary>An event of one delivery.</summary>
    public interface IDeliveryEvent
    {
        /// <summary>The target's name.</summary>
        string Target { get; }

        /// <summary>The delivery's id.</summary>
        string Id { get; }
    }

    /// <summary>The answer to <see cref="Deliver"/>: <see cref="Rejected"/>, or an <see cref="IOutcome"/>; of a target with <c>durable = on</c>, <see cref="Kept"/>.</summary>
    public interface IAnswer : IDeliveryEvent;

    /// <summary>
    /// The delivery is in the outbox, on the disk: it survives this process. Its outcome is published when it has one, by
    /// whichever process that happens in.
    /// </summary>
    public sealed record Kept(string Target, string Id) : IAnswer;

    /// <summary>A delivery of the outbox is not sent for now: the program stops, or a person holds or cancels it.</summary>
    public sealed record Withdrawn(string Target, string Id) : IDeliveryEvent;

    /// <summary>The delivery was not accepted, and nothing was sent.</summary>
    public sealed record Rejected(string Target, string Id, string Reason) : IAnswer;

    /// <summary>The delivery was accepted and waits behind others; <paramref name="Waiting"/> deliveries wait now.</summary>
    public sealed record Queued(string Target, string Id, int Waiting) : IDeliveryEvent;

    /// <summary>An attempt starts.</summary>
    public sealed record Connecting(string Target, string Id, int Attempt, string Endpoint) : IDeliveryEvent;

    /// <summary>
    /// The connection is open. <paramref name="Length"/> is null, here and below, for a stream that has not ended;
    /// <paramref name="Identity"/> is the subject and the names of the server's certificate, with TLS.
    /// </summary>
    public sealed record Connected(string Target, string Id, int Attempt, string Endpoint, long? Length, PeerIdentity? Identity = null) : IDeliveryEvent;

    /// <summary>The target has the payload up to <paramref name="Offset"/>; the attempt goes on from there (<c>protocol = deliveries</c>).</summary>
    public sealed record Resumed(string Target, string Id, long Offset, long? Length) : IDeliveryEvent;

    /// <summary>How many bytes the kernel has taken so far; at most once per <c>progress-interval</c>.</summary>
    public sealed record Progressed(string Target, string Id, long Taken, long? Length) : IDeliveryEvent;

    /// <summary>The peer's kernel has every byte; the peer has <c>confirm-timeout</c> to confirm.</summary>
    public sealed record Confirming(string Target, string Id) : IDeliveryEvent;

    /// <summary>
    /// The kernel has taken nothing for <paramref name="Since"/>, because the target does not read. <paramref name="Remaining"/> is null
    /// for a stream that has not ended.
    /// </summary>
    public sealed record Blocked(string Target, string Id, long Taken, long? Remaining, TimeSpan Since) : IDeliveryEvent;

    /// <summary>The target takes bytes again.</summary>
    public sealed record Unblocked(string Target, string Id, TimeSpan Lasted) : IDeliveryEvent;

    /// <summary>
    /// The target forgets ids after <paramref name="Remembers"/>, which is less than give-up-after: it can store a delivery that is retried
    /// later than that twice. Published once per target (<c>protocol = deliveries</c>).
    /// </summary>
    public sealed record ForgetsEarly(string Target, TimeSpan Remembers, TimeSpan GiveUpAfter) : ITargetChange;

    /// <summary>
    /// An attempt failed. The next one starts after <paramref name="Delay"/>, from the payload's first byte, or with
    /// <c>protocol = deliveries</c> where the target's bytes end.
    /// </summary>
    public sealed record BackingOff(string Target, string Id, int Attempt, FailureKind Kind, string Reason, long Taken, TimeSpan Delay) : IDeliveryEvent;

    /// <summary>The end of a delivery. Each delivery that is not rejected has exactly one; one of the outbox, perhaps in a later process.</summary>
    public interface IOutcome : IAnswer
    {
        /// <summary>The figures of the delivery.</summary>
        Report Report { get; }
    }

    /// <summary>
    /// The target stored the payload, byte for byte: its receipt proves it (<c>confirm = receipt</c>), or its answer
    /// (<c>protocol = deliveries</c>).
    /// </summary>
    public sealed record Delivered(string Target, string Id, Report Report) : IOutcome;

    /// <summary>
    /// The kernel took everything (<see cref="Confirm.None"/>), or the peer, which may be a proxy, then also closed its side
    /// (<see cref="Confirm.Close"/>). Neither proves that the target read or stored a byte.
    /// </summary>
    public sealed record Sent(string Target, string Id, Confirm Confirmed, Report Report) : IOutcome;

    /// <summary>Everything was sent, and the peer did not confirm. The data may have arrived; it is not sent again.</summary>
    public sealed record Unconfirmed(string Target, string Id, string Reason, Report Report) : IOutcome;

    /// <summary>The delivery failed.</summary>
    public sealed record Failed(string Target, string Id, FailureKind Kind, string Reason, Report Report) : IOutcome;

    /// <summary>The figures of a delivery.</summary>
    /// <param name="Length">The payload's length; 0 if it was never opened, null if it is a stream that did not end.</param>
    /// <param name="Taken">Bytes that the kernel took on the last connection.</param>
    /// <param name="TakenBefore">Bytes that the kernel took on earlier connections, and that were sent again.</param>
    /// <param name="Attempts">Attempts made.</param>
    /// <param name="Elapsed">From the first attempt to the outcome.</param>
    /// <param name="Blocked">How long the target was blocked during that time.</param>
    /// <param name="ResumedFrom">Bytes that the target had before the last attempt, which did not send them; included in Taken.</param>
    public sealed record Report(
        long? Length, long Taken, long TakenBefore, int Attempts, TimeSpan Elapsed, TimeSpan Blocked, long ResumedFrom = 0);
}
