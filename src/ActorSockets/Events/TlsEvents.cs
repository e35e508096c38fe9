namespace ActorSockets.Events;

/// <summary>What becomes of certificates while they are in use.</summary>
public static class TlsEvents
{
    /// <summary>Every event of a certificate.</summary>
    public interface ITlsEvent
    {
        /// <summary>Whose it is: <c>server NAME</c> or <c>target NAME</c>.</summary>
        string Owner { get; }
    }

    /// <summary>Files have changed, and new connections use what is in them now. <paramref name="EndsAt"/> is our certificate's, where there is one.</summary>
    public sealed record CertificateReloaded(string Owner, DateTime? EndsAt) : ITlsEvent;

    /// <summary>Files have changed and do not load: why. Nothing else has changed.</summary>
    public sealed record CertificateNotReloaded(string Owner, string Reason) : ITlsEvent;

    /// <summary>Our certificate ends soon, or has ended; at the start, and once a day.</summary>
    public sealed record CertificateEnds(string Owner, DateTime EndsAt, bool HasEnded) : ITlsEvent;
}
