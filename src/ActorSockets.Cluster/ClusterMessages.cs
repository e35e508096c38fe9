using Akka.Event;

namespace ActorSockets.Cluster;

/// <summary>What nodes tell each other: names and counts, never a payload. <see cref="MessageSerializer"/> writes them.</summary>
internal static class ClusterMessages
{
    /// <summary>What may cross the wire.</summary>
    public interface IMessage;

    /// <summary>The target has something to be sent: its sender starts on the node that its shard is on, unless it runs.</summary>
    public record Wake(string Target) : IMessage, IDeadLetterSuppression;

    /// <summary>The same, and one that runs looks at the table at once: there is more for it.</summary>
    public sealed record WakeForMore(string Target) : Wake(Target);
}
