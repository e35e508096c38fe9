using System.Text.RegularExpressions;

namespace ActorSockets.Transport.Tls;

/// <summary>What went wrong with TLS, in a sentence.</summary>
internal sealed class TlsException(string message, PeerIdentity? identity, Exception cause) : IOException(message, cause)
{
    /// <summary>Who the peer said it is; null: it did not come to that.</summary>
    public PeerIdentity? Identity { get; } = identity;
}

/// <summary>Finds the reason in what SslStream throws.</summary>
internal static partial class TlsFailure
{
    /// <summary>The system's reason; a peer's alert by its name (RFC 8446, section 6).</summary>
    public static string Reason(Exception e)
    {
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            if (Alert().Match(cause.Message) is { Success: true } alert)
                return $"the peer ended it with the TLS alert '{alert.Groups["name"].Value}'";
            if (OpenSsl().Match(cause.Message) is { Success: true } error)
                return $"TLS: {error.Groups["reason"].Value}";
        }

        return e.GetBaseException().Message;
    }

    /// <summary>What a peer that does not speak TLS has sent, for a person.</summary>
    public static string Describe(ReadOnlySpan<byte> first) =>
        ForeignProtocol.LooksLikeHttp(first) ? "it speaks HTTP without TLS" : "it sent bytes that are not TLS";

    [GeneratedRegex(@"SSL routines:[^:]*:(?:ssl/tls|sslv3|tlsv1|tlsv13) alert (?<name>[a-z ]+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"SSL routines:[^:]*:(?<reason>[a-z0-9 /_-]+)")]
    private static partial Regex OpenSsl();
}
