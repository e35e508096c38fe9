using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ActorSockets.Transport.Tls;

/// <summary>Makes a TLS connection out of a plain one. A handshake that fails aborts it.</summary>
internal static class TlsHandshake
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    // What a client that does not speak TLS may still send while it is told so.
    private const int MostOfARefused = 1024 * 1024;
    private static readonly TimeSpan RefusalTimeout = TimeSpan.FromSeconds(1);

    // RFC 8446, section 6: a record of type alert, fatal, unexpected_message.
    private static readonly byte[] UnexpectedMessage = [21, 3, 1, 0, 2, 2, 10];

    private static readonly byte[] OfHttp = Encoding.ASCII.GetBytes(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nThis port speaks TLS, and not HTTP without it.\n");

    /// <summary>The server's side.</summary>
    /// <param name="plain">Is the TLS connection's, whatever comes of it.</param>
    /// <param name="tls">What is asked of the client.</param>
    /// <param name="cancellation">Ends the handshake.</param>
    /// <exception cref="TlsException">There is none; says why.</exception>
    public static Task<Connection> AcceptAsync(PlainConnection plain, ServerTls tls, CancellationToken cancellation)
    {
        var material = tls.Files.Current;
        var check = new ClientCheck(tls);
        var asks = tls.ClientCertificates != ClientCertificates.None;
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = material.Context,
            ClientCertificateRequired = asks,
            CertificateChainPolicy = asks ? material.PeerPolicy() : null,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = asks ? check.IsRight : null,
            EnabledSslProtocols = Versions,
            AllowRenegotiation = false,
            // A client that resumes a session shows no certificate, and so none that has been removed since.
            AllowTlsResume = !asks,
            ApplicationProtocols = Protocols(tls.Protocols),
        };
        return DoAsync(plain, check, stream => stream.AuthenticateAsServerAsync(options, CancellationToken.None), cancellation);
    }

    /// <summary>The client's side.</summary>
    /// <param name="plain">Is the TLS connection's, whatever comes of it.</param>
    /// <param name="host">Whom the server's certificate must name, unless the settings say otherwise.</param>
    /// <param name="tls">What is asked of the server.</param>
    /// <param name="cancellation">Ends the handshake.</param>
    /// <exception cref="TlsException">There is none; says why.</exception>
    public static Task<Connection> ConnectAsync(PlainConnection plain, string host, TargetTls tls, CancellationToken cancellation)
    {
        var material = tls.Files.Current;
        var name = tls.ServerName.Length > 0 ? tls.ServerName : host;
        var check = new ServerCheck(tls, name);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = name,
            ClientCertificateContext = material.Context,
            CertificateChainPolicy = material.PeerPolicy(),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = check.IsRight,
            EnabledSslProtocols = Versions,
            AllowRenegotiation = false,
            ApplicationProtocols = Protocols(tls.Protocols),
        };
        return DoAsync(plain, check, stream => stream.AuthenticateAsClientAsync(options, CancellationToken.None), cancellation);
    }

    // Off the caller's thread, which computes nothing for one peer while others wait.
    private static Task<Connection> DoAsync(PlainConnection plain, PeerCheck check, Func<SslStream, Task> authenticate, CancellationToken cancellation) =>
        Task.Run(async () =>
        {
            var records = new TlsRecords(plain);
            var stream = new SslStream(records, leaveInnerStreamOpen: true);
            using var turn = Turn.OfHandshake();
            await using var cancelling = cancellation.Register(plain.Abort);
            try
            {
                records.Handshake = turn;
                await turn.EnterAsync();
                await authenticate(stream);
                records.Handshake = null;
                cancellation.ThrowIfCancellationRequested();
                return (Connection)new TlsConnection(plain, records, stream, check.Identity);
            }
            catch (Exception e) when (e is IOException or AuthenticationException or InvalidOperationException or OperationCanceledException)
            {
                turn.Leave();
                records.Handshake = null;
                if (stream.IsServer && records.IsForeign)
                    await TellNoTlsAsync(plain, ForeignProtocol.LooksLikeHttp(records.First));
                plain.Abort();
                stream.Dispose();
                throw new TlsException(Reason(e, records, check, cancellation), check.Identity, e);
            }
        }, CancellationToken.None);

    private static List<SslApplicationProtocol>? Protocols(IReadOnlyList<string> names) => names.Count == 0 ? null : [.. names.Select(n => new SslApplicationProtocol(n))];

    private static string Reason(Exception e, TlsRecords records, PeerCheck check, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return records.First.IsEmpty ? "it sent nothing for a TLS handshake" : "it did not end its TLS handshake";
        if (check.Refusal is { } refusal)
            return refusal;
        if (records.IsForeign)
            return TlsFailure.Describe(records.First);
        return records.Ended ? "it closed the connection during the TLS handshake" : TlsFailure.Reason(e);
    }

    /// <summary>Tells a client in its own words, and reads a little on, so that our reset does not overtake them. Never a FIN, which might pass for success.</summary>
    private static async Task TellNoTlsAsync(PlainConnection plain, bool isHttp)
    {
        using var deadline = new CancellationTokenSource(RefusalTimeout);
        await using var late = deadline.Token.Register(plain.Abort);
        try
        {
            await plain.SendAsync(isHttp ? OfHttp : UnexpectedMessage);
            await plain.DiscardAsync(MostOfARefused);
        }
        catch (IOException)
        {
            // It has left.
        }
    }
}
