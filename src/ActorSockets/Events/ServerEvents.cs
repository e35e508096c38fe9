using System.Net;

namespace ActorSockets.Events;

/// <summary>What servers tell the system's EventStream. Sizes are bytes.</summary>
public static class ServerEvents
{
    /// <summary>What the library's actor takes for the receiving side.</summary>
    public interface ICommand;

    /// <summary>Every event of a server.</summary>
    public interface IServerEvent
    {
        /// <summary>The server's name.</summary>
        string Server { get; }
    }

    /// <summary>It listens; <paramref name="Endpoint"/> has the real port.</summary>
    public sealed record Bound(string Server, IPEndPoint Endpoint) : IServerEvent;

    /// <summary>It does not listen: why, and which address was asked for.</summary>
    public sealed record BindFailed(string Server, string Endpoint, string Reason) : IServerEvent;

    /// <summary>The listener died, or its port could not be bound again, and why. It is bound again after <paramref name="RetryIn"/>.</summary>
    public sealed record ListenerLost(string Server, string Reason, TimeSpan RetryIn) : IServerEvent;

    /// <summary>
    /// Clients that were reset at once: why, and how many since this was last said, which is at most once per
    /// <c>refusal-report-interval</c>.
    /// </summary>
    public sealed record Refused(string Server, string Reason, int Count, string LastPeer) : IServerEvent;

    /// <summary>The kernel gives no more connections (mostly: no file handle is free). The listener goes on trying.</summary>
    public sealed record AcceptFailing(string Server) : IServerEvent;

    /// <summary>It gives connections again.</summary>
    public sealed record AcceptRecovered(string Server) : IServerEvent;

    /// <summary>A client connected; <paramref name="Identity"/> is who its certificate says it is, where it has shown one.</summary>
    public sealed record Accepted(string Server, string Peer, PeerIdentity? Identity = null) : IServerEvent;

    /// <summary>What a connection has received so far; once per <c>progress-interval</c> at most.</summary>
    public sealed record Received(string Server, string Peer, long Bytes) : IServerEvent;

    /// <summary>
    /// The client sent its FIN and the sink has completed: <paramref name="StoredAs"/> names the file, where there is one,
    /// and <paramref name="Sha256"/> is what the receipt said, where there was one.
    /// </summary>
    public sealed record Completed(string Server, string Peer, long Bytes, TimeSpan Elapsed, string? StoredAs, string? Sha256) : IServerEvent;

    /// <summary>
    /// As <see cref="Completed"/>: everything is stored. But the connection broke before the client had taken its receipt, so that
    /// the client may send the same again.
    /// </summary>
    public sealed record ReceiptLost(string Server, string Peer, long Bytes, TimeSpan Elapsed, string? StoredAs, string? Sha256, string Reason) : IServerEvent;

    /// <summary>
    /// The connection ended without the client's FIN, or the sink failed: what was received is incomplete.
    /// <paramref name="KeptAs"/> names the file that has it, where there is one.
    /// </summary>
    public sealed record BrokenOff(string Server, string Peer, long Bytes, string Reason, string? KeptAs) : IServerEvent;

    /// <summary>A partial file was deleted, as <c>keep-partial</c> or <c>max-partial</c> asks.</summary>
    public sealed record PartialDeleted(string Server, string Path) : IServerEvent;

    /// <summary>The directory could not be searched for partial files to delete; the next try is in <c>clean-interval</c>.</summary>
    public sealed record CleaningFailed(string Server, string Reason) : IServerEvent;

    /// <summary>Stops listening, lets the open connections end, and answers <see cref="Drained"/> when they have.</summary>
    public sealed record Drain : ICommand;

    /// <summary>Resets the open connections, settles what they had received, and answers <see cref="Drained"/>.</summary>
    public sealed record CutOff : ICommand;

    /// <summary>No connection is open any more.</summary>
    public sealed record Drained;

    /// <summary>Asks for <see cref="AllBound"/>.</summary>
    public sealed record WhenBound : ICommand;

    /// <summary>Every configured server has either bound or failed to.</summary>
    public sealed record AllBound(IReadOnlyList<Bound> Bound, IReadOnlyList<BindFailed> Failed);
}
