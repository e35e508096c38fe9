using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorSockets.Tests.Support;

/// <summary>A CA, and the certificates that it signs, as PEM files in a directory of their own.</summary>
internal sealed class TestPki : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("test-pki-").FullName;
    private readonly X509Certificate2 _authority;
    private int _issued;

    public TestPki()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _authority = Authority("CN=Test CA", key).CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(1));
        CaFile = Write("ca.crt", _authority.ExportCertificatePem());
        Server = Issue("localhost", "localhost", "127.0.0.1", "::1");
        Client = Issue("client-1");
    }

    /// <summary>For specs that only need some certificates; lives as long as the process.</summary>
    public static TestPki Shared { get; } = CreateShared();

    public string CaFile { get; }

    /// <summary>For localhost, 127.0.0.1 and ::1.</summary>
    public (string Certificate, string Key) Server { get; }

    public (string Certificate, string Key) Client { get; }

    /// <summary>HOCON of a server that uses <see cref="Server"/>.</summary>
    public string ServerTls => $"tls {{ certificate = \"{Server.Certificate}\", key = \"{Server.Key}\" }}";

    /// <summary>HOCON of a server that wants clients' certificates, too.</summary>
    public string MutualTls => $"{ServerTls}\n tls {{ client-certificates = required, client-ca = \"{CaFile}\" }}";

    /// <summary>HOCON of a target that trusts this CA.</summary>
    public string TargetTls => $"tls {{ enabled = on, ca = \"{CaFile}\" }}";

    /// <summary>HOCON of a target that shows <see cref="Client"/>, too.</summary>
    public string MutualTargetTls => $"{TargetTls}\n tls {{ certificate = \"{Client.Certificate}\", key = \"{Client.Key}\" }}";

    /// <summary>Valid now.</summary>
    public (string Certificate, string Key) Issue(string name, params string[] alternatives) =>
        Issue(name, alternatives, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(60));

    public (string Certificate, string Key) Issue(string name, string[] alternatives, DateTimeOffset from, DateTimeOffset to)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Sign(_authority, Leaf(name, key, alternatives), from, to);
        return (Write($"{++_issued}-{Legible(name)}.crt", certificate.ExportCertificatePem()), Write($"{_issued}.key", key.ExportPkcs8PrivateKeyPem()));
    }

    public (string Certificate, string Key) IssueRsa(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(_authority.GetECDsaPrivateKey()!),
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(60), RandomNumberGenerator.GetBytes(16));
        return (Write($"{++_issued}-{Legible(name)}.crt", certificate.ExportCertificatePem()), Write($"{_issued}.key", key.ExportRSAPrivateKeyPem()));
    }

    /// <summary>Signed by an intermediate that says where its own certificate is to be had; with and without it in the file.</summary>
    public (string Whole, string Broken, string Reversed, string Key) IssueByIntermediate(string name)
    {
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var middle = Sign(_authority, Authority("CN=Test intermediate", middleKey), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90));
        using var signer = middle.CopyWithPrivateKey(middleKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Leaf(name, key, ["localhost", "127.0.0.1"]);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([], ["http://127.0.0.1:9/intermediate.crt"]));
        using var certificate = Sign(signer, request, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(60));
        var (leaf, above) = (certificate.ExportCertificatePem(), middle.ExportCertificatePem());
        return (Write("whole.crt", $"{leaf}\n{above}"), Write("broken.crt", leaf), Write("reversed.crt", $"{leaf}\n{_authority.ExportCertificatePem()}\n{above}"), Write("chained.key", key.ExportPkcs8PrivateKeyPem()));
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text + "\n");
        return path;
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static TestPki CreateShared()
    {
        var shared = new TestPki();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => shared.Dispose();
        return shared;
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request;
    }

    private static CertificateRequest Leaf(string name, ECDsa key, string[] alternatives)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN=\"{name}\""), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var alternative in alternatives)
        {
            if (IPAddress.TryParse(alternative, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(alternative);
        }

        if (alternatives.Length > 0)
            request.CertificateExtensions.Add(names.Build());
        return request;
    }

    private static X509Certificate2 Sign(X509Certificate2 signer, CertificateRequest request, DateTimeOffset from, DateTimeOffset to) =>
        request.Create(signer, from, to, RandomNumberGenerator.GetBytes(16));

    private static string Legible(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit));
}
