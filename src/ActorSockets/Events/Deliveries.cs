using ActorSockets.Payloads;

namespace ActorSockets.Events;

/// <summary>
/// The message protocol of the sending side. <see cref="Deliver"/> goes to <see cref="ActorSocketsExtension.Ref"/>; its sender
/// gets one <see cref="IAnswer"/>. The same answers, and what happens in between, go to the system's EventStream. Sizes are bytes.
/// </summary>
public static class Deliveries
{
    /// <summary>What the library's actor takes for the sending side.</summary>
    public interface ICommand;

    /// <summary>
    /// Sends a payload to a target. <paramref name="Id"/> is the caller's, one of its own for each delivery that a target
    /// has at a time, and stays the same over all attempts.
    /// </summary>
    public sealed record Deliver(string Id, string Target, Payload Payload) : ICommand;

    /// <summary>
    /// Ends a delivery, waiting or under way, as <see cref="Failed"/>. The answer is <see cref="Cancelled"/>, or
    /// <see cref="NotCancelled"/> when there is none of that id (any more).
    /// </summary>
    public sealed record Cancel(string Id, string Target) : ICommand;

    /// <summary>It was there, and has failed now.</summary>
    public sealed record Cancelled(string Target, string Id);

    /// <summary>No such delivery is waiting or under way.</summary>
    public sealed record NotCancelled(string Target, string Id);

    /// <summary>
    /// Takes no new deliveries (<see cref="Rejected"/>), goes on with those it has, and answers <see cref="Drained"/> when
    /// each has its outcome.
    /// </summary>
    public sealed record Drain : ICommand;

    /// <summary>Ends every delivery that is waiting or under way as <see cref="Failed"/>, and answers <see cref="Drained"/>.</summary>
    public sealed record CutOff : ICommand;

    /// <summary>No delivery is waiting or under way any more.</summary>
    public sealed record Drained;

    /// <summary>Everything that is said about one delivery.</summary>
    public interface IDeliveryEvent
    {
        /// <summary>The target's name.</summary>
        string Target { get; }

        /// <summary>The delivery's id.</summary>
        string Id { get; }
    }

    /// <summary>What whoever asked for a delivery is told: <see cref="Rejected"/>, or its <see cref="IOutcome"/>.</summary>
    public interface IAnswer : IDeliveryEvent;

    /// <summary>Not accepted, and nothing was sent: why.</summary>
    public sealed record Rejected(string Target, string Id, string Reason) : IAnswer;

    /// <summary>An attempt begins.</summary>
    public sealed record Connecting(string Target, string Id, int Attempt, string Endpoint) : IDeliveryEvent;

    /// <summary>The connection is there; <paramref name="Identity"/> is who the server's certificate says it is, with TLS.</summary>
    public sealed record Connected(string Target, string Id, int Attempt, string Endpoint, long Length, PeerIdentity? Identity = null) : IDeliveryEvent;

    /// <summary>The kernel took so many bytes of it so far; once per <c>progress-interval</c> at most.</summary>
    public sealed record Progressed(string Target, string Id, long Taken, long Length) : IDeliveryEvent;

    /// <summary>Every byte is at the peer's kernel; what is missing is the peer's word, for which it has <c>confirm-timeout</c>.</summary>
    public sealed record Confirming(string Target, string Id) : IDeliveryEvent;

    /// <summary>The target does not take what is sent, for <paramref name="Since"/> now.</summary>
    public sealed record Blocked(string Target, string Id, long Taken, long Remaining, TimeSpan Since) : IDeliveryEvent;

    /// <summary>The target takes bytes again.</summary>
    public sealed record Unblocked(string Target, string Id, TimeSpan Lasted) : IDeliveryEvent;

    /// <summary>An attempt failed; the next one begins after <paramref name="Delay"/>, from the payload's first byte.</summary>
    public sealed record BackingOff(string Target, string Id, int Attempt, FailureKind Kind, string Reason, long Taken, TimeSpan Delay) : IDeliveryEvent;

    /// <summary>How a delivery ended. Exactly one for each delivery that was not rejected.</summary>
    public interface IOutcome : IAnswer
    {
        /// <summary>What it took.</summary>
        Report Report { get; }
    }

    /// <summary>Stored by the target, byte for byte: its receipt says so (<c>confirm = receipt</c>).</summary>
    public sealed record Delivered(string Target, string Id, Report Report) : IOutcome;

    /// <summary>
    /// All that was asked for, and no proof that anybody read a byte: the kernel took everything (<see cref="Confirm.None"/>), or
    /// the peer, which may be a proxy, also closed its side afterwards (<see cref="Confirm.Close"/>).
    /// </summary>
    public sealed record Sent(string Target, string Id, Confirm Confirmed, Report Report) : IOutcome;

    /// <summary>Everything was sent, and the peer did not confirm it: it may have arrived, and is not sent again.</summary>
    public sealed record Unconfirmed(string Target, string Id, string Reason, Report Report) : IOutcome;

    /// <summary>Not delivered: why.</summary>
    public sealed record Failed(string Target, string Id, FailureKind Kind, string Reason, Report Report) : IOutcome;

    /// <summary>The figures of a delivery.</summary>
    /// <param name="Length">The payload's length; 0 when it was never opened.</param>
    /// <param name="Taken">Bytes that the kernel took on the last connection.</param>
    /// <param name="TakenBefore">Bytes that earlier connections took and that were sent again.</param>
    /// <param name="Attempts">Connections tried.</param>
    /// <param name="Elapsed">From the first attempt to the outcome.</param>
    /// <param name="Blocked">How much of that the target was Blocked.</param>
    public sealed record Report(long Length, long Taken, long TakenBefore, int Attempts, TimeSpan Elapsed, TimeSpan Blocked);
}
