using System.Buffers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorSockets.Configuration;
using ActorSockets.Platform;

namespace ActorSockets.Transport.Tls;

/// <summary>What is wrong with a file: the setting that names it, and what would be right.</summary>
internal sealed class TlsFileException(string setting, string message) : Exception(message)
{
    public string Setting { get; } = setting;
}

/// <summary>
/// The certificate, its key and the CAs of one side, as PEM files. <see cref="Current"/> is for new connections: a certificate
/// context for each connection would leak (dotnet/runtime #110803), so one is made per change.
/// </summary>
/// <param name="certificate">The setting and the path of the certificate with its intermediates; an empty path: none.</param>
/// <param name="key">The setting and the path of its private key.</param>
/// <param name="authorities">The setting and the path of the CAs that sign the peer's; an empty path: those of the system.</param>
internal sealed class TlsFiles((string Setting, string Path) certificate, (string Setting, string Path) key, (string Setting, string Path) authorities)
{
    private const int LargestFile = 1 << 20;

    private volatile TlsMaterial? _current;

    /// <summary>What was loaded last.</summary>
    public TlsMaterial Current => _current ?? throw new InvalidOperationException("nothing was loaded");

    /// <summary>The files there are.</summary>
    public IEnumerable<string> Paths => new[] { certificate.Path, key.Path, authorities.Path }.Where(p => p.Length > 0);

    /// <summary>Reads the files, and takes them for new connections if their content has changed.</summary>
    /// <remarks>By content and not by time: Kubernetes swaps a link above the files.</remarks>
    /// <returns>Whether it had.</returns>
    /// <exception cref="TlsFileException">They do not load, and nothing has changed.</exception>
    public bool Load()
    {
        var (certificateText, keyText, authoritiesText) = (Read(certificate), Read(key), Read(authorities));
        var digest = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\0', certificateText, keyText, authoritiesText)));
        if (_current is { } current && current.Digest.AsSpan().SequenceEqual(digest))
            return false;
        var chain = certificateText is null ? null : CertificatesOf(certificate, certificateText);
        SslStreamCertificateContext? context = null;
        if (chain is not null)
        {
            var leaf = WithKey(chain[0], keyText!);
            CheckChain(chain);
            // Offline: intermediates come from the file, and a handshake never waits for somebody's web server.
            context = SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true);
        }

        _current = new TlsMaterial(context, authoritiesText is null ? null : CertificatesOf(authorities, authoritiesText), digest);
        return true;
    }

    private static string? Read((string Setting, string Path) file)
    {
        if (file.Path.Length == 0)
            return null;
        var text = ArrayPool<char>.Shared.Rent(LargestFile + 1);
        try
        {
            using var reader = new StreamReader(file.Path);
            var length = reader.ReadBlock(text);
            return length <= LargestFile ? new string(text, 0, length) : throw new TlsFileException(file.Setting, $"'{file.Path}' is larger than {Sizes.Format(LargestFile)}: needs a PEM file");
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw new TlsFileException(file.Setting, $"'{file.Path}' cannot be read: {Posix.Reason(e)}");
        }
        finally
        {
            // It may have been a key.
            ArrayPool<char>.Shared.Return(text, clearArray: true);
        }
    }

    private static X509Certificate2Collection CertificatesOf((string Setting, string Path) file, string text)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException)
        {
            throw new TlsFileException(file.Setting, $"'{file.Path}' has a certificate that cannot be read: the file is damaged");
        }

        return certificates.Count > 0
            ? certificates
            : throw new TlsFileException(file.Setting, $"'{file.Path}' has no certificate in it: needs PEM, which begins with -----BEGIN CERTIFICATE-----");
    }

    private X509Certificate2 WithKey(X509Certificate2 leaf, string keyText)
    {
        if (PemEncoding.TryFind(keyText, out var found) && keyText[found.Label] == "ENCRYPTED PRIVATE KEY" || keyText.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            throw new TlsFileException(key.Setting, $"'{key.Path}' is encrypted: needs a key without a passphrase (openssl pkey -in KEY -out NEW), readable by this user only");
        try
        {
            if (leaf.GetECDsaPublicKey() is not null)
            {
                using var ecdsa = ECDsa.Create();
                ecdsa.ImportFromPem(keyText);
                return leaf.CopyWithPrivateKey(ecdsa);
            }

            using var rsa = RSA.Create();
            rsa.ImportFromPem(keyText);
            return leaf.CopyWithPrivateKey(rsa);
        }
        catch (ArgumentException) when (keyText.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw OfAnother();
        }
        catch (CryptographicException) when (keyText.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw OfAnother();
        }
        catch (ArgumentException)
        {
            throw new TlsFileException(key.Setting, $"'{key.Path}' has no private key in it: needs PEM, which begins with -----BEGIN PRIVATE KEY-----");
        }

        TlsFileException OfAnother() => new(key.Setting, $"'{key.Path}' is not the key of the certificate in '{certificate.Path}', or damaged");
    }

    private void CheckChain(X509Certificate2Collection chain)
    {
        var (leaf, now) = (chain[0], DateTime.Now);
        if (now > leaf.NotAfter)
            throw Wrong($"expired on {TlsMaterial.Date(leaf.NotAfter)}: needs a new one");
        if (now < leaf.NotBefore)
            throw Wrong($"is not valid before {TlsMaterial.Date(leaf.NotBefore)}: needs one that is, or the clock of this machine set right");
        for (var i = 0; i + 1 < chain.Count; i++)
        {
            if (!chain[i].IssuerName.RawData.AsSpan().SequenceEqual(chain[i + 1].SubjectName.RawData))
                throw Wrong($"is signed by '{Printable.Of(chain[i].Issuer)}', and the next one in the file is '{Printable.Of(chain[i + 1].Subject)}': the chain needs each certificate's signer behind it");
        }

        var last = chain[^1];
        if (last.Extensions.OfType<X509AuthorityInformationAccessExtension>().Any(e => e.EnumerateCAIssuersUris().Any()) && !IsSignedByARoot(last))
            throw Wrong($"is signed by '{Printable.Of(last.Issuer)}', an intermediate that is not in the file: append its certificate (CAs offer the file as full chain)");

        TlsFileException Wrong(string what) => new(certificate.Setting, $"the certificate in '{certificate.Path}' {what}");
    }

    /// <summary>Of the system: a certificate of a private CA does not say where its signer's is to be had, and is not asked.</summary>
    private static bool IsSignedByARoot(X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true } };
        chain.Build(certificate);
        return chain.ChainStatus.All(s => s.Status != X509ChainStatusFlags.PartialChain);
    }
}

/// <summary>What the files had in them.</summary>
/// <param name="Context">Our certificate with its chain and key; null: none.</param>
/// <param name="Authorities">The CAs that sign the peer's; null: those of the system.</param>
/// <param name="Digest">Of the files' content.</param>
internal sealed record TlsMaterial(SslStreamCertificateContext? Context, X509Certificate2Collection? Authorities, byte[] Digest)
{
    /// <summary>When our certificate expires, in UTC; null without one.</summary>
    public DateTime? ExpiresAt => Context?.TargetCertificate.NotAfter.ToUniversalTime();

    /// <summary>A day, as messages have it.</summary>
    public static string Date(DateTime at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>How the peer's chain is checked: never over the network, which a handshake would wait for.</summary>
    public X509ChainPolicy PeerPolicy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (Authorities is null)
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(Authorities);
        return policy;
    }

    /// <summary>Whether one of the CAs has signed a certificate, by way of others, and it is valid.</summary>
    public bool Trusts(X509Certificate2 certificate, IEnumerable<X509Certificate2> others)
    {
        using var chain = new X509Chain { ChainPolicy = PeerPolicy() };
        foreach (var other in others)
            chain.ChainPolicy.ExtraStore.Add(other);
        return chain.Build(certificate);
    }
}
