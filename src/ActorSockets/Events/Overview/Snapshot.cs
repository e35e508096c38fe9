namespace ActorSockets.Events.Overview;

/// <summary>Every target, every server and the ticker at one moment. Sizes are bytes, rates bytes a second.</summary>
/// <param name="Targets">In the order of the configuration.</param>
/// <param name="Servers">In the order of the configuration.</param>
/// <param name="Ticker">Null before the first tick.</param>
public sealed record Snapshot(IReadOnlyList<TargetSnapshot> Targets, IReadOnlyList<ServerSnapshot> Servers, TickerSnapshot? Ticker)
{
    /// <summary>Null: there is no outbox, or it is not open yet.</summary>
    public OutboxSnapshot? Outbox { get; init; }

    /// <summary>Null: the process is no node.</summary>
    public ClusterEvents.ClusterMeasured? Cluster { get; init; }
}

/// <summary>The outbox.</summary>
/// <param name="Waiting">Deliveries that are queued or held.</param>
/// <param name="SetAside">Deliveries that failed or are unconfirmed.</param>
/// <param name="Bytes">Bytes of all payloads.</param>
/// <param name="Oldest">Age of the oldest delivery that waits; zero: none waits.</param>
/// <param name="Full">What is full; null: there is room.</param>
public sealed record OutboxSnapshot(long Waiting, long SetAside, long Bytes, TimeSpan Oldest, string? Full);

/// <summary>One target.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Endpoint">Host and port as configured.</param>
/// <param name="Phase">What it does.</param>
/// <param name="Since">Time in the phase; while it backs off, the time left; after an outcome, the time that the delivery took.</param>
/// <param name="Reason">Why it backs off, or why its last delivery failed; empty otherwise.</param>
/// <param name="Trouble">How long it has been blocked, backing off or without success after a failure; zero: all is well.</param>
/// <param name="Delivery">The id of the delivery under way or of the last one; empty before the first.</param>
/// <param name="Attempt">The number of its attempt.</param>
/// <param name="Taken">Bytes of it that the kernel took on this connection.</param>
/// <param name="Length">Its length; 0 before it is known.</param>
/// <param name="Rate">About the last two seconds.</param>
/// <param name="Waiting">Deliveries behind it.</param>
/// <param name="LastFailure">The last failed attempt or delivery; null when there was none.</param>
/// <param name="Totals">Since the start.</param>
public sealed record TargetSnapshot(
    string Name, string Endpoint, Phase Phase, TimeSpan Since, string Reason, TimeSpan Trouble, string Delivery, int Attempt, long Taken, long Length,
    double Rate, long Waiting, Failure? LastFailure, TargetTotals Totals)
{
    /// <summary>Whether somebody should look at it.</summary>
    public bool InTrouble => Trouble > TimeSpan.Zero;
}

/// <summary>A failed attempt or delivery.</summary>
/// <param name="Kind">Null for deliveries that were not accepted or not confirmed.</param>
/// <param name="Reason">For people.</param>
/// <param name="Ago">How long ago it was.</param>
public sealed record Failure(FailureKind? Kind, string Reason, TimeSpan Ago);

/// <summary>What a target's deliveries add up to.</summary>
/// <param name="Delivered">Deliveries with this outcome.</param>
/// <param name="Sent">Likewise.</param>
/// <param name="Unconfirmed">Likewise.</param>
/// <param name="Failed">Likewise, by kind of failure.</param>
/// <param name="Rejected">Deliveries that were not accepted.</param>
/// <param name="Attempts">Connections tried.</param>
/// <param name="AttemptsFailed">Attempts that another one followed, by kind of failure.</param>
/// <param name="Bytes">Bytes that the kernel took, those of failed attempts included.</param>
/// <param name="Blocked">Time that the target was Blocked, over all deliveries that have ended.</param>
public sealed record TargetTotals(
    long Delivered, long Sent, long Unconfirmed, IReadOnlyDictionary<FailureKind, long> Failed, long Rejected, long Attempts, IReadOnlyDictionary<FailureKind, long> AttemptsFailed,
    long Bytes, TimeSpan Blocked);

/// <summary>Whether a server listens.</summary>
public enum ServerPhase
{
    /// <summary>It has not bound its endpoint yet.</summary>
    Binding,

    /// <summary>It takes connections.</summary>
    Listening,

    /// <summary>It lost its listener, and binds again.</summary>
    Lost,

    /// <summary>It could not bind its endpoint.</summary>
    Failed,
}

/// <summary>One server.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Endpoint">Where it listens; as configured before it does.</param>
/// <param name="Phase">Whether it listens.</param>
/// <param name="Reason">Why it does not; empty otherwise.</param>
/// <param name="Open">Open connections.</param>
/// <param name="Accepted">Connections so far.</param>
/// <param name="Completed">Connections whose data is stored.</param>
/// <param name="ReceiptsLost">Connections whose data is stored and whose client did not take its receipt.</param>
/// <param name="BrokenOff">Connections that ended early.</param>
/// <param name="Refused">Clients reset at once, by reason.</param>
/// <param name="Bytes">Received so far.</param>
/// <param name="Rate">About the last two seconds.</param>
public sealed record ServerSnapshot(
    string Name, string Endpoint, ServerPhase Phase, string Reason, int Open, long Accepted, long Completed, long ReceiptsLost, long BrokenOff,
    IReadOnlyDictionary<RefusalKind, long> Refused, long Bytes, double Rate);

/// <summary>The ticker.</summary>
/// <param name="Number">The last tick's.</param>
/// <param name="Lateness">The last tick's.</param>
/// <param name="Latest">The most that any tick was late.</param>
public sealed record TickerSnapshot(long Number, TimeSpan Lateness, TimeSpan Latest);
