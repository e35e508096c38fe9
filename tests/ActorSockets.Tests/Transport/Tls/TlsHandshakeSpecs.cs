using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;
using ActorSockets.Transport.Tls;

namespace ActorSockets.Tests.Transport.Tls;

/// <summary>Who is accepted, who is not, and the sentence that says why; both ends are ours unless a spec says otherwise.</summary>
public sealed class TlsHandshakeSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestPki _pki = new();
    private readonly TestPki _others = new();

    [Fact]
    public async Task Each_side_learns_who_the_other_is()
    {
        var (server, client) = await ShakeAsync(_pki.MutualTls, _pki.MutualTargetTls);
        Assert.Equal("CN=client-1", Connected(server).Identity!.Subject);
        Assert.Equal(["client-1"], Connected(server).Identity!.Names);
        Assert.Equal(["localhost", "127.0.0.1", "::1"], Connected(client).Identity!.Names);
    }

    [Fact]
    public async Task Control_characters_of_a_certificate_are_escaped()
    {
        var (certificate, key) = _pki.Issue("evil\e[2Jname");
        var (server, _) = await ShakeAsync(_pki.MutualTls, $"{_pki.TargetTls}\n tls {{ certificate = \"{certificate}\", key = \"{key}\" }}");
        Assert.DoesNotContain(Connected(server).Identity!.Subject, char.IsControl);
        Assert.Contains(@"\u001b[2J", Connected(server).Identity!.Subject, StringComparison.Ordinal);
        Assert.All(Connected(server).Identity!.Names, name => Assert.DoesNotContain(name, char.IsControl));
    }

    [Fact]
    public async Task A_server_of_another_CA_is_refused() =>
        Assert.Equal($"its certificate is not signed by a CA of {_others.CaFile}, or its chain lacks an intermediate", await RefusedAsync(_pki.ServerTls, _others.TargetTls));

    [Fact]
    public async Task A_server_of_a_private_CA_is_refused_when_this_system_does_not_know_it() =>
        Assert.Equal("its certificate is not signed by a CA of this system, or its chain lacks an intermediate", await RefusedAsync(_pki.ServerTls, "tls.enabled = on"));

    [Fact]
    public async Task A_server_with_another_name_is_refused() =>
        Assert.Equal("its certificate is for localhost, 127.0.0.1, ::1, and not for db.example (tls.server-name)",
            await RefusedAsync(_pki.ServerTls, $"{_pki.TargetTls}\n tls.server-name = db.example"));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_server_may_be_named_by_its_address(string host) => Connected((await ShakeAsync(_pki.ServerTls, _pki.TargetTls, host)).Client);

    [Fact]
    public async Task A_server_whose_certificate_has_expired_since_it_was_loaded_is_refused()
    {
        var (certificate, key) = _pki.Issue("localhost", ["localhost"], DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(-1));
        using var sockets = TlsPair.Sockets();
        using var expired = X509Certificate2.CreateFromPemFile(certificate, key);
        await using var server = new System.Net.Security.SslStream(new NetworkStream(sockets.Accepted));
        var accepting = server.AuthenticateAsServerAsync(expired);
        var refused = await Assert.ThrowsAsync<TlsException>(() =>
            TlsHandshake.ConnectAsync(new PlainConnection(sockets.Client, null), "localhost", Settings.OfTarget(_pki.TargetTls), default).WaitAsync(Patience));
        Assert.StartsWith("its certificate expired on ", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await accepting;
            await server.ReadExactlyAsync(new byte[1]);
        });
    }

    [Fact]
    public async Task A_fingerprint_admits_that_certificate_and_no_other()
    {
        using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(_pki.Server.Certificate));
        var fingerprint = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        Connected((await ShakeAsync(_pki.ServerTls, $"tls {{ enabled = on, fingerprint = \"sha256:{fingerprint}\", server-name = other }}")).Client);
        Assert.Equal($"its certificate has the fingerprint sha256:{fingerprint.ToLowerInvariant()}, and not that of tls.fingerprint",
            await RefusedAsync(_pki.ServerTls, $"tls {{ enabled = on, fingerprint = \"sha256:{new string('a', 64)}\" }}"));
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_refused_and_suspects_why()
    {
        var (server, client) = await ShakeAsync(_pki.MutualTls, _pki.TargetTls);
        Assert.Equal("it showed no certificate (tls.client-certificates = required)", Failed(server));
        // TLS 1.3: its own handshake is over when the server judges.
        var connection = Connected(client);
        var broken = await Assert.ThrowsAsync<IOException>(() => connection.ReceiveAsync(new byte[1]).AsTask().WaitAsync(Patience));
        Assert.EndsWith("just after the TLS handshake: the server may require a client certificate (tls.certificate, tls.key)", broken.Message, StringComparison.Ordinal);
        connection.Abort();
    }

    [Fact]
    public async Task A_client_of_another_CA_is_refused()
    {
        var (server, _) = await ShakeAsync(_pki.MutualTls, $"{_pki.TargetTls}\n tls {{ certificate = \"{_others.Client.Certificate}\", key = \"{_others.Client.Key}\" }}");
        Assert.Equal("its certificate is not signed by a CA of tls.client-ca, or its chain lacks an intermediate", Failed(server));
    }

    [Fact]
    public async Task A_client_may_come_without_a_certificate_where_it_is_optional_but_not_with_a_wrong_one()
    {
        var optional = $"{_pki.MutualTls}\n tls.client-certificates = optional";
        Assert.Null(Connected((await ShakeAsync(optional, _pki.TargetTls)).Server).Identity);
        Failed((await ShakeAsync(optional, $"{_pki.TargetTls}\n tls {{ certificate = \"{_others.Client.Certificate}\", key = \"{_others.Client.Key}\" }}")).Server);
    }

    [Fact]
    public async Task Only_allowed_names_are_admitted()
    {
        Connected((await ShakeAsync($"{_pki.MutualTls}\n tls.allow-names = [other, CLIENT-1]", _pki.MutualTargetTls)).Server);
        Assert.Equal("no name of its certificate is in tls.allow-names", Failed((await ShakeAsync($"{_pki.MutualTls}\n tls.allow-names = [other]", _pki.MutualTargetTls)).Server));
    }

    [Fact]
    public async Task A_chain_with_an_intermediate_and_an_RSA_key_are_accepted()
    {
        var chain = _pki.IssueByIntermediate("localhost");
        Connected((await ShakeAsync($"tls {{ certificate = \"{chain.Whole}\", key = \"{chain.Key}\" }}", _pki.TargetTls)).Client);
        var (certificate, key) = _pki.IssueRsa("client-1");
        Connected((await ShakeAsync(_pki.MutualTls, $"{_pki.TargetTls}\n tls {{ certificate = \"{certificate}\", key = \"{key}\" }}")).Server);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "it speaks HTTP without TLS", "HTTP/1.1 400 Bad Request")]
    [InlineData("put a1 5 -\nhello", "it sent bytes that are not TLS", "\x15\x03\x01\0\x02\x02\x0a")]
    [InlineData("\0\0\0\0\0\0\0", "it sent bytes that are not TLS", "\x15\x03\x01\0\x02\x02\x0a")]
    public async Task A_client_that_speaks_no_TLS_is_told_in_its_own_words(string sends, string reason, string answer)
    {
        using var sockets = TlsPair.Sockets();
        var accepting = TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), Settings.OfServer(_pki.ServerTls), default);
        await sockets.Client.SendAsync(Encoding.Latin1.GetBytes(sends));
        var heard = new byte[1000];
        var count = await sockets.Client.ReceiveAsync(heard);
        Assert.StartsWith(answer, Encoding.Latin1.GetString(heard, 0, count), StringComparison.Ordinal);
        sockets.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(reason, (await Assert.ThrowsAsync<TlsException>(() => accepting.WaitAsync(Patience))).Message);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks HTTP without TLS")]
    [InlineData("220 mail.example ESMTP\r\n", "it sent bytes that are not TLS")]
    public async Task A_server_that_speaks_no_TLS_is_named(string sends, string reason)
    {
        using var sockets = TlsPair.Sockets();
        await sockets.Accepted.SendAsync(Encoding.ASCII.GetBytes(sends));
        var refused = await Assert.ThrowsAsync<TlsException>(() =>
            TlsHandshake.ConnectAsync(new PlainConnection(sockets.Client, null), "localhost", Settings.OfTarget(_pki.TargetTls), default).WaitAsync(Patience));
        Assert.Equal(reason, refused.Message);
    }

    [Fact]
    public async Task A_handshake_ends_when_it_is_cancelled()
    {
        using var sockets = TlsPair.Sockets();
        using var cancellation = new CancellationTokenSource();
        var accepting = TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), Settings.OfServer(_pki.ServerTls), cancellation.Token);
        await cancellation.CancelAsync();
        Assert.Equal("it sent nothing for a TLS handshake", (await Assert.ThrowsAsync<TlsException>(() => accepting.WaitAsync(Patience))).Message);
        await Assert.ThrowsAsync<SocketException>(async () => await sockets.Client.ReceiveAsync(new byte[1]));
    }

    public void Dispose()
    {
        _pki.Dispose();
        _others.Dispose();
    }

    private static async Task<(Task<Connection> Server, Task<Connection> Client)> ShakeAsync(string server, string target, string host = "localhost")
    {
        var sockets = TlsPair.Sockets();
        var accepting = TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), Settings.OfServer(server), default);
        var connecting = TlsHandshake.ConnectAsync(new PlainConnection(sockets.Client, null), host, Settings.OfTarget(target), default);
        Task both = Task.WhenAll(accepting, connecting).WaitAsync(Patience);
        await both.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return (accepting, connecting);
    }

    private static async Task<string> RefusedAsync(string server, string target) => Failed((await ShakeAsync(server, target)).Client);

    private static Connection Connected(Task<Connection> handshake) => handshake.GetAwaiter().GetResult();

    private static string Failed(Task<Connection> handshake) => Assert.IsType<TlsException>(handshake.Exception?.InnerException).Message;
}
