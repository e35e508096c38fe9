namespace ActorSockets.Events;

/// <summary>Events about the TLS files of servers, targets and the node of a cluster.</summary>
public static class TlsEvents
{
    /// <summary>An event about TLS files.</summary>
    public interface ITlsEvent
    {
        /// <summary>Who uses the files: <c>server NAME</c>, <c>target NAME</c> or <c>cluster</c>.</summary>
        string Owner { get; }
    }

    /// <summary>The files changed, and new connections use them. <paramref name="ExpiresAt"/> is the expiry of our certificate, in UTC, or null without one.</summary>
    public sealed record CertificateReloaded(string Owner, DateTime? ExpiresAt) : ITlsEvent;

    /// <summary>The files of the cluster changed, and this node goes on with the former ones until it is restarted.</summary>
    public sealed record CertificateNeedsRestart(string Owner) : ITlsEvent;

    /// <summary>The files changed and do not load. New connections use the former ones.</summary>
    public sealed record CertificateNotReloaded(string Owner, string Reason) : ITlsEvent;

    /// <summary>Our certificate expires within <c>tls.expiry-warning</c>, or has expired; published at the start, after a change, and once a day.</summary>
    public sealed record CertificateExpires(string Owner, DateTime ExpiresAt, bool HasExpired) : ITlsEvent;
}
