namespace ActorSockets.Events;

/// <summary>Events about the TLS files of servers and targets.</summary>
public static class TlsEvents
{
    /// <summary>An event about TLS files.</summary>
    public interface ITlsEvent
    {
        /// <summary>Who uses the files: <c>server NAME</c> or <c>target NAME</c>.</summary>
        string Owner { get; }
    }

    /// <summary>The files changed, and new connections use them. <paramref name="ExpiresAt"/> is the expiry of our certificate, in UTC, or null without one.</summary>
    public sealed record CertificateReloaded(string Owner, DateTime? ExpiresAt) : ITlsEvent;

    /// <summary>The files changed and do not load. New connections use the former ones.</summary>
    public sealed record CertificateNotReloaded(string Owner, string Reason) : ITlsEvent;

    /// <summary>Our certificate expires within <c>tls.expiry-warning</c>, or has expired; published at the start, after a change, and once a day.</summary>
    public sealed record CertificateExpires(string Owner, DateTime ExpiresAt, bool HasExpired) : ITlsEvent;
}
