using System.Security.Cryptography;
using ActorSockets.Configuration;
using ActorSockets.Tests.Support;
using ActorSockets.Transport.Tls;

namespace ActorSockets.Tests.Transport.Tls;

/// <summary>What is wrong with a file is an error of the setting that names it; files are loaded once per change.</summary>
public sealed class TlsFilesSpecs : IDisposable
{
    private readonly TestPki _pki = new();

    [Fact]
    public void A_file_that_is_not_there_is_named_with_the_reason() =>
        Assert.Equal("'/no/such.crt' cannot be read: No such file or directory", ErrorOf("certificate", "/no/such.crt", _pki.Server.Key));

    [Fact]
    public void A_directory_is_no_file() => Assert.StartsWith($"'{Path.GetTempPath()}' cannot be read: ", ErrorOf("key", _pki.Server.Certificate, Path.GetTempPath()), StringComparison.Ordinal);

    [Fact]
    public void A_device_that_never_ends_is_no_certificate() =>
        Assert.Equal("'/dev/zero' is larger than 1 MiB: needs a PEM file", ErrorOf("certificate", "/dev/zero", _pki.Server.Key));

    [Fact]
    public void A_file_without_a_certificate_is_named() =>
        Assert.Equal($"'{_pki.Server.Key}' has no certificate in it: needs PEM, which begins with -----BEGIN CERTIFICATE-----", ErrorOf("certificate", _pki.Server.Key, _pki.Server.Key));

    [Fact]
    public void A_damaged_certificate_is_named()
    {
        var damaged = _pki.Write("damaged.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----");
        Assert.Equal($"'{damaged}' has a certificate that cannot be read: the file is damaged", ErrorOf("certificate", damaged, _pki.Server.Key));
    }

    [Fact]
    public void A_file_without_a_key_is_named() =>
        Assert.Equal($"'{_pki.CaFile}' has no private key in it: needs PEM, which begins with -----BEGIN PRIVATE KEY-----", ErrorOf("key", _pki.Server.Certificate, _pki.CaFile));

    [Fact]
    public void The_key_of_another_certificate_is_named() =>
        Assert.Equal($"'{_pki.Client.Key}' is not the key of the certificate in '{_pki.Server.Certificate}', or damaged", ErrorOf("key", _pki.Server.Certificate, _pki.Client.Key));

    [Fact]
    public void An_RSA_key_does_not_belong_to_an_ECDSA_certificate() =>
        Assert.EndsWith("or damaged", ErrorOf("key", _pki.Server.Certificate, _pki.IssueRsa("x").Key), StringComparison.Ordinal);

    [Fact]
    public void A_key_with_a_passphrase_is_refused_with_the_command_that_removes_it()
    {
        using var key = ECDsa.Create();
        var encrypted = _pki.Write("encrypted.key", key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000)));
        Assert.Equal($"'{encrypted}' is encrypted: needs a key without a passphrase (openssl pkey -in KEY -out NEW), readable by this user only", ErrorOf("key", _pki.Server.Certificate, encrypted));
    }

    [Fact]
    public void A_certificate_that_has_expired_or_is_not_valid_yet_is_refused()
    {
        var day = new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero);
        // Not before the CA's own dates.
        var expired = _pki.Issue("x", [], DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(-2));
        Assert.Matches($@"^the certificate in '{expired.Certificate}' expired on \d{{4}}-\d\d-\d\d \d\d:\d\d UTC: needs a new one$", ErrorOf("certificate", expired.Certificate, expired.Key));
        var future = _pki.Issue("x", [], DateTimeOffset.UtcNow.AddDays(2), DateTimeOffset.UtcNow.AddDays(9));
        Assert.Contains("is not valid before ", ErrorOf("certificate", future.Certificate, future.Key), StringComparison.Ordinal);
        Assert.Equal("2024-01-02 03:04 UTC", TlsMaterial.Date(day.UtcDateTime));
    }

    [Fact]
    public void A_chain_without_its_intermediate_or_in_the_wrong_order_is_refused()
    {
        var chain = _pki.IssueByIntermediate("localhost");
        Assert.Equal($"the certificate in '{chain.Broken}' is signed by 'CN=Test intermediate', an intermediate that is not in the file: append its certificate (CAs offer the file as full chain)",
            ErrorOf("certificate", chain.Broken, chain.Key));
        Assert.Equal($"the certificate in '{chain.Reversed}' is signed by 'CN=Test intermediate', and the next one in the file is 'CN=Test CA': the chain needs each certificate's signer behind it",
            ErrorOf("certificate", chain.Reversed, chain.Key));
    }

    [Theory]
    [InlineData("servers.s", "tls.key = x", "tls.certificate: is missing: needs a PEM file with the certificate that tls.key belongs to")]
    [InlineData("servers.s", "tls.client-certificates = required", "tls.certificate: is missing: needs a PEM file with the server's certificate, because the other settings of tls need TLS")]
    [InlineData("servers.s", "tls { certificate = x, key = x, client-certificates = required }", "tls.client-ca: is missing: needs a PEM file with the CAs that sign clients' certificates, because client-certificates = required")]
    [InlineData("servers.s", "tls { certificate = x, key = x, client-ca = x }", "tls.client-ca: is set, and client-certificates = none: needs client-certificates = required, or optional")]
    [InlineData("servers.s", "tls { certificate = x, key = x, allow-names = [a] }", "tls.allow-names: admits by the names of certificates: needs client-certificates = required")]
    [InlineData("targets.t", "tls { enabled = on, ca = \"\" }", "tls.ca: is empty: needs system, or a PEM file with the CAs that sign servers' certificates")]
    [InlineData("targets.t", "tls { enabled = on, certificate = x }", "tls.key: is missing: needs a PEM file with the private key of tls.certificate")]
    [InlineData("targets.t", "tls { enabled = on, fingerprint = abc }", "tls.fingerprint: 'abc' is not sha256: and 64 hexadecimal digits (openssl x509 -in CERTIFICATE -noout -fingerprint -sha256)")]
    [InlineData("targets.t", "tls { enabled = on, server-name = \"a b\" }", "tls.server-name: 'a b' is neither an IP address nor a host name")]
    public void Settings_that_do_not_go_together_are_refused(string entry, string hocon, string error)
    {
        var port = entry == "targets.t" ? "port = 9" : "";
        var errors = Assert.Throws<SettingsException>(() =>
            ActorSocketsSettings.From(Akka.Configuration.ConfigurationFactory.ParseString($"actor-sockets.{entry} {{ {port}\n {hocon} \n}}"))).Errors;
        Assert.Equal($"actor-sockets.{entry}.{error}", Assert.Single(errors).ToString());
    }

    [Fact]
    public void Files_are_loaded_once_per_change_and_what_does_not_load_changes_nothing()
    {
        var files = Files(_pki.Server.Certificate, _pki.Server.Key);
        Assert.True(files.Load());
        var first = files.Current;
        Assert.False(files.Load());
        File.SetLastWriteTimeUtc(_pki.Server.Certificate, DateTime.UtcNow);
        Assert.False(files.Load());
        Assert.Same(first, files.Current);

        var renewed = _pki.Issue("localhost", "localhost");
        File.Copy(renewed.Certificate, _pki.Server.Certificate, overwrite: true);
        Assert.Equal("key", Assert.Throws<TlsFileException>(() => files.Load()).Setting);
        Assert.Same(first, files.Current);

        File.Copy(renewed.Key, _pki.Server.Key, overwrite: true);
        Assert.True(files.Load());
        Assert.NotSame(first, files.Current);
    }

    [Fact]
    public void A_link_that_is_swapped_above_the_files_is_a_change()
    {
        var (one, two) = (Directory.CreateTempSubdirectory("tls-one-"), Directory.CreateTempSubdirectory("tls-two-"));
        var link = Path.Combine(one.FullName, "data");
        try
        {
            var renewed = _pki.Issue("localhost", "localhost");
            var (a, b) = (one.CreateSubdirectory("a"), two.CreateSubdirectory("b"));
            Put(_pki.Server, a);
            Put(renewed, b);
            Directory.CreateSymbolicLink(link, a.FullName);
            var files = Files(Path.Combine(link, "tls.crt"), Path.Combine(link, "tls.key"));
            Assert.True(files.Load());
            Directory.Delete(link);
            Directory.CreateSymbolicLink(link, b.FullName);
            Assert.True(files.Load());
        }
        finally
        {
            one.Delete(recursive: true);
            two.Delete(recursive: true);
        }

        static void Put((string Certificate, string Key) from, DirectoryInfo to)
        {
            File.Copy(from.Certificate, Path.Combine(to.FullName, "tls.crt"));
            File.Copy(from.Key, Path.Combine(to.FullName, "tls.key"));
        }
    }

    public void Dispose() => _pki.Dispose();

    private static string ErrorOf(string setting, string certificate, string key)
    {
        var e = Assert.Throws<TlsFileException>(() => Files(certificate, key).Load());
        Assert.Equal(setting, e.Setting);
        return e.Message;
    }

    private static TlsFiles Files(string certificate, string key) => new(("certificate", certificate), ("key", key), ("client-ca", ""));
}
