using ActorSockets.Events;

namespace ActorSockets.Clients;

/// <summary>Targets that come and go while the system runs.</summary>
internal static class TargetCommands
{
    /// <summary>Adds a target. The answer is <see cref="Deliveries.TargetAdded"/> or <see cref="NotAdded"/>.</summary>
    public sealed record Add(TargetSettings Target) : Deliveries.ICommand;

    /// <summary>
    /// Removes a target when each of its deliveries has its outcome; it accepts no new ones. The answer is
    /// <see cref="Deliveries.TargetRemoved"/>, also when there is no such target.
    /// </summary>
    /// <param name="Target">The target's name.</param>
    /// <param name="CutOff">Fails the deliveries that wait or are under way instead of waiting for them.</param>
    public sealed record Remove(string Target, bool CutOff = false) : Deliveries.ICommand;

    /// <summary>The target was not added: why.</summary>
    public sealed record NotAdded(string Target, string Reason);

    /// <summary>A delivery of the outbox is not to be sent any more; there is no answer.</summary>
    internal sealed record Withdraw(string Id);

    /// <summary>Another process has made the line in the outbox longer.</summary>
    internal sealed record LookForMore;

    /// <summary>Ends the wait for the next attempt.</summary>
    internal sealed record RetryNow;
}
