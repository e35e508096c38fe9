using ActorSockets.Payloads;

namespace ActorSockets.Clients;

/// <summary>What a <see cref="PipelineSenderActor"/> and its <see cref="PipelineConnectionActor"/> tell each other, besides <see cref="Attempt"/>.</summary>
internal static class Pipelined
{
    /// <summary>One delivery to be sent.</summary>
    /// <param name="Id">Its id, here and on the wire.</param>
    /// <param name="Payload">Its bytes.</param>
    /// <param name="Asks">Whether to ask from where to begin, however short it is.</param>
    public sealed record Work(string Id, Payload Payload, bool Asks);

    /// <summary>To be sent behind what the connection was given before.</summary>
    public sealed record Send(IReadOnlyList<Work> Work);

    /// <summary>That delivery is over here: the target need not keep what it has of it.</summary>
    public sealed record Withdraw(string Id);

    /// <summary>Nothing more will come: the connection ends when all is answered.</summary>
    public sealed record Finish;

    /// <summary>The target has greeted.</summary>
    /// <param name="Endpoint">Where it is.</param>
    /// <param name="Identity">Who it is; null without a certificate.</param>
    /// <param name="Remembers">How long it knows an id again.</param>
    public sealed record Greeted(string Endpoint, PeerIdentity? Identity, TimeSpan Remembers);

    /// <summary>What happened to deliveries, in this order.</summary>
    public sealed record Steps(IReadOnlyList<Step> All);

    public enum StepKind
    {
        /// <summary>Its header is about to go out; <see cref="Step.Bytes"/> is its length, if that is known.</summary>
        Begun,

        /// <summary>It goes on from <see cref="Step.Bytes"/>.</summary>
        Resumed,

        /// <summary>The kernel has taken it up to <see cref="Step.Bytes"/>.</summary>
        Taken,

        /// <summary>All of it is sent, and the target's answer is missing.</summary>
        Confirming,

        /// <summary>It has ended on this connection.</summary>
        Ended,
    }

    /// <param name="Kind">Tells which of the others count.</param>
    /// <param name="Id">The delivery.</param>
    /// <param name="Bytes">A length or a place in the payload.</param>
    /// <param name="Ending">How it ended.</param>
    public readonly record struct Step(StepKind Kind, string Id, long Bytes = 0, Attempt.Ending? Ending = null);
}
