using System.Net;

namespace ActorSockets.Events;

/// <summary>The events that servers publish to the EventStream, and the commands they take. Sizes are bytes.</summary>
public static class ServerEvents
{
    /// <summary>A command to the receiving side.</summary>
    public interface ICommand;

    /// <summary>An event of a server.</summary>
    public interface IServerEvent
    {
        /// <summary>The server's name.</summary>
        string Server { get; }
    }

    /// <summary>The server listens; <paramref name="Endpoint"/> has the real port.</summary>
    public sealed record Bound(string Server, IPEndPoint Endpoint) : IServerEvent;

    /// <summary>The server cannot listen on the configured endpoint.</summary>
    public sealed record BindFailed(string Server, string Endpoint, string Reason) : IServerEvent
    {
        /// <summary>Whether it is the outbox that cannot be opened: of all its servers that is said once.</summary>
        internal bool IsOfOutbox { get; init; }
    }

    /// <summary>The listener failed, or could not bind again. The server binds again after <paramref name="RetryIn"/>.</summary>
    public sealed record ListenerLost(string Server, string Reason, TimeSpan RetryIn) : IServerEvent;

    /// <summary>
    /// The server reset <paramref name="Count"/> new connections since the last such event; at most once per
    /// <c>refusal-report-interval</c>.
    /// </summary>
    public sealed record Refused(string Server, RefusalKind Kind, string Reason, int Count, string LastPeer) : IServerEvent;

    /// <summary>The kernel hands over no more connections, mostly for want of file handles. The listener retries.</summary>
    public sealed record AcceptFailing(string Server) : IServerEvent;

    /// <summary>The kernel hands over connections again.</summary>
    public sealed record AcceptRecovered(string Server) : IServerEvent;

    /// <summary>A client connected; <paramref name="Identity"/> is the subject and the names of its certificate, or null.</summary>
    public sealed record Accepted(string Server, string Peer, PeerIdentity? Identity = null) : IServerEvent;

    /// <summary>
    /// The first bytes of a client are those of another protocol: <c>TLS</c> or <c>HTTP</c>. A server without TLS takes them
    /// as data, because they may be data.
    /// </summary>
    public sealed record ForeignProtocol(string Server, string Peer, string Protocol) : IServerEvent;

    /// <summary>Bytes received so far; at most once per <c>progress-interval</c>.</summary>
    public sealed record Received(string Server, string Peer, long Bytes) : IServerEvent;

    /// <summary>
    /// The client sent its FIN, and the sink has everything; with <c>protocol = deliveries</c>, the connection ended between two
    /// deliveries. <paramref name="StoredAs"/> is the file and
    /// <paramref name="Digest"/> the digest in the receipt, as <c>sha256:HEX</c>, each null if there is none.
    /// </summary>
    public sealed record Completed(string Server, string Peer, long Bytes, TimeSpan Elapsed, string? StoredAs, string? Digest) : IServerEvent;

    /// <summary>
    /// Everything is stored, as with <see cref="Completed"/>, but the connection broke before the client had its receipt: the
    /// client may send the data again.
    /// </summary>
    public sealed record ReceiptLost(string Server, string Peer, long Bytes, TimeSpan Elapsed, string? StoredAs, string? Digest, string Reason) : IServerEvent;

    /// <summary>
    /// The connection ended without the client's FIN, or the sink failed: the data is incomplete.
    /// <paramref name="KeptAs"/> is the partial file, or null.
    /// </summary>
    public sealed record BrokenOff(string Server, string Peer, long Bytes, string Reason, string? KeptAs) : IServerEvent;

    /// <summary>
    /// A file is whole, and the connection goes on (<c>cut</c>). <paramref name="Bytes"/> are those of the file.
    /// </summary>
    public sealed record FileCut(string Server, string Peer, long Bytes, string StoredAs) : IServerEvent;

    /// <summary>
    /// A delivery is stored, once; the client is answered <c>received</c> (<c>protocol = deliveries</c>). <paramref name="ResumedFrom"/>
    /// are the bytes that earlier connections brought, <paramref name="StoredAs"/> is the file, or null if there is none.
    /// </summary>
    public sealed record Stored(
        string Server, string Peer, string Id, string? Name, long Length, string Digest, long ResumedFrom, TimeSpan Elapsed, string? StoredAs) : IServerEvent;

    /// <summary>A client brought a delivery that is stored already: it is answered <c>received</c>, and not stored again.</summary>
    public sealed record Repeated(string Server, string Peer, string Id, string? Name, long Length, string? StoredAs) : IServerEvent;

    /// <summary>A delivery broke off. <paramref name="Kept"/> bytes of it are kept for another connection.</summary>
    public sealed record Interrupted(string Server, string Peer, string Id, string? Name, long Kept, string Reason) : IServerEvent;

    /// <summary>The server refused a delivery, for now or for good: <paramref name="Code"/> is the protocol's.</summary>
    public sealed record DeliveryRefused(string Server, string Peer, string Id, string Code, string Reason) : IServerEvent;

    /// <summary>The server deleted a partial file, because of <c>keep-partial</c> or <c>max-partial</c>.</summary>
    public sealed record PartialDeleted(string Server, string Path) : IServerEvent;

    /// <summary>The server could not look for partial files to delete. It tries again after <c>clean-interval</c>.</summary>
    public sealed record CleaningFailed(string Server, string Reason) : IServerEvent;

    /// <summary>The server was removed while the system ran; its name and its port are free.</summary>
    public sealed record Removed(string Server) : IServerEvent;

    /// <summary>Stops listening, lets the open connections end, and answers <see cref="Drained"/> when they have.</summary>
    public sealed record Drain : ICommand;

    /// <summary>Resets the open connections, closes their partial files, and answers <see cref="Drained"/>.</summary>
    public sealed record CutOff : ICommand;

    /// <summary>No connection is open any more.</summary>
    public sealed record Drained;

    /// <summary>Asks for <see cref="AllBound"/>.</summary>
    public sealed record WhenBound : ICommand;

    /// <summary>Every configured server has either bound or failed to.</summary>
    public sealed record AllBound(IReadOnlyList<Bound> Bound, IReadOnlyList<BindFailed> Failed);
}
