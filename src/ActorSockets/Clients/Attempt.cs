using ActorSockets.Events;

namespace ActorSockets.Clients;

/// <summary>What a <see cref="ConnectionActor"/> tells its <see cref="SenderActor"/>. Sizes are bytes.</summary>
internal static class Attempt
{
    /// <summary>The payload is open; null: its length is not known yet.</summary>
    public sealed record Opened(long? Length);

    /// <summary>The connection is established.</summary>
    public sealed record Established(string Endpoint, PeerIdentity? Identity = null);

    /// <summary>The kernel, or in the end the peer's kernel, took more; <paramref name="Taken"/> by ours so far.</summary>
    public sealed record Progressed(long Taken);

    /// <summary>The peer's kernel has more than before.</summary>
    public sealed record Moved;

    /// <summary>The kernel has taken nothing since then, by the scheduler's monotonic clock.</summary>
    public sealed record Stalled(TimeSpan Since);

    /// <summary>The kernel takes bytes again.</summary>
    public sealed record Resumed;

    /// <summary>The peer's kernel has every byte; the peer's answer is missing.</summary>
    public sealed record Confirming;

    /// <summary>The last word of an attempt.</summary>
    public sealed record Ended(Ending Ending);

    /// <summary>How an attempt can end.</summary>
    public abstract record Ending;

    /// <summary>Done, as far as the target's <c>confirm</c> asks.</summary>
    public sealed record Confirmed : Ending;

    /// <summary>Everything was taken, and nothing confirmed it.</summary>
    public sealed record Unconfirmed(string Reason) : Ending;

    /// <summary>No connection, or not to the end: another attempt may succeed.</summary>
    public sealed record Lost(FailureKind Kind, string Reason) : Ending;

    /// <summary>Another attempt would fail as well.</summary>
    public sealed record Hopeless(FailureKind Kind, string Reason) : Ending;
}
