using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ActorSockets.Host;

/// <summary>
/// A CA of its own, a certificate for a server on this machine and one for a client, as PEM files. For a trial: whoever reads
/// the directory can be any server and any client.
/// </summary>
internal static class TrialCertificates
{
    private const string Authority = "ca.crt", Server = "server.crt", ServerKey = "server.key", Client = "client.crt", ClientKey = "client.key";

    /// <summary>What <see cref="Write"/> writes.</summary>
    public static IReadOnlyList<string> Files { get; } = [Authority, Server, ServerKey, Client, ClientKey];

    private const string ForServers = "1.3.6.1.5.5.7.3.1", ForClients = "1.3.6.1.5.5.7.3.2";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan Validity = TimeSpan.FromDays(90);

    // A clock that is behind ours still accepts them.
    private static readonly TimeSpan Backdating = TimeSpan.FromHours(1);

    /// <summary>Writes the files. The key of the CA is not kept, so nobody can sign further certificates with it.</summary>
    /// <param name="directory">Created if it does not exist.</param>
    /// <param name="now">When they start to be valid.</param>
    /// <exception cref="IOException">A file exists already, or the system cannot write one.</exception>
    public static void Write(string directory, DateTimeOffset now)
    {
        Directory.CreateDirectory(directory);
        if (Files.Any(file => File.Exists(Path.Combine(directory, file))))
            throw new IOException("files of an earlier trial are there");
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request("ActorSockets trial CA", authorityKey);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        using var authority = request.CreateSelfSigned(now - Backdating, now + Validity);

        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        if (Environment.MachineName != "localhost" && Uri.CheckHostName(Environment.MachineName) == UriHostNameType.Dns)
            names.AddDnsName(Environment.MachineName);
        var client = new SubjectAlternativeNameBuilder();
        client.AddDnsName("client-1");

        Create(directory, Authority, authority.ExportCertificatePem(), isSecret: false);
        Sign(directory, Server, ServerKey, "localhost", names, ForServers, authority);
        Sign(directory, Client, ClientKey, "client-1", client, ForClients, authority);
    }

    private static void Sign(string directory, string file, string keyFile, string name, SubjectAlternativeNameBuilder names, string usage, X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var signed = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(16));
        Create(directory, file, signed.ExportCertificatePem(), isSecret: false);
        Create(directory, keyFile, key.ExportPkcs8PrivateKeyPem(), isSecret: true);
    }

    private static CertificateRequest Request(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    private static void Create(string directory, string name, string pem, bool isSecret)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (isSecret && !OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var file = new FileStream(Path.Combine(directory, name), options);
        file.Write(Encoding.ASCII.GetBytes(pem + '\n'));
    }
}
