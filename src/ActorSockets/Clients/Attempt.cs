namespace ActorSockets.Clients;

/// <summary>What a <see cref="ConnectionActor"/> tells its <see cref="SenderActor"/>. Sizes are bytes.</summary>
internal static class Attempt
{
    /// <summary>The payload is open and has so many bytes.</summary>
    public sealed record Opened(long Length);

    /// <summary>The connection is there.</summary>
    public sealed record Established(string Endpoint);

    /// <summary>The kernel took so many bytes so far.</summary>
    public sealed record Progressed(long Taken);

    /// <summary>The kernel has not taken the present write for so long.</summary>
    public sealed record Stalled(TimeSpan Since);

    /// <summary>The write that stalled was taken, or the connection ended, after so long.</summary>
    public sealed record Resumed(TimeSpan Lasted);

    /// <summary>All is taken; what is missing is the peer's word.</summary>
    public sealed record Confirming;

    /// <summary>The last word of an attempt.</summary>
    public sealed record Ended(Ending Ending);

    /// <summary>How an attempt can end.</summary>
    public abstract record Ending;

    /// <summary>Done, as far as the target's <c>confirm</c> asks for.</summary>
    public sealed record Confirmed : Ending;

    /// <summary>All was taken, and nothing confirmed it.</summary>
    public sealed record Unconfirmed(string Reason) : Ending;

    /// <summary>No connection, or not to the end: another attempt may do better.</summary>
    public sealed record Lost(string Reason) : Ending;

    /// <summary>Busy, with <c>on-busy = fail</c>.</summary>
    public sealed record Busy : Ending;

    /// <summary>The payload cannot be read: another attempt would not do better.</summary>
    public sealed record BadPayload(string Reason) : Ending;
}
