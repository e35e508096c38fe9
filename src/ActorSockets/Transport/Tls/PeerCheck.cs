using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using ActorSockets.Configuration;

namespace ActorSockets.Transport.Tls;

/// <summary>Judges the certificate that the peer of one handshake has shown, and keeps who it is and what is wrong.</summary>
internal abstract class PeerCheck
{
    private const int MostNames = 16;

    /// <summary>Who the peer says it is; null: it has shown no certificate.</summary>
    public PeerIdentity? Identity { get; private set; }

    /// <summary>What is wrong with it; null: nothing, or it was not asked.</summary>
    public string? Refusal { get; private set; }

    /// <summary>For SslStream.</summary>
    public bool IsRight(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        var certificate = shown as X509Certificate2;
        var names = certificate is null ? [] : NamesOf(certificate);
        Identity = certificate is null ? null : new PeerIdentity(Printable.Of(certificate.Subject), [.. names.Take(MostNames).Select(Printable.Of)]);
        Refusal = Refuse(certificate, names, chain, errors);
        return Refusal is null;
    }

    /// <summary>Why not; null: it is right.</summary>
    protected abstract string? Refuse(X509Certificate2? certificate, IReadOnlyList<string> names, X509Chain? chain, SslPolicyErrors errors);

    protected static string? OfChain(X509Certificate2 certificate, X509Chain? chain, SslPolicyErrors errors, string signers)
    {
        if (OfDates(certificate) is { } dates)
            return dates;
        if (!errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
            return null;
        var found = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) ?? X509ChainStatusFlags.PartialChain;
        if ((found & (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotSignatureValid)) != 0)
            return $"its certificate is not signed by a CA of {signers}, or its chain lacks an intermediate";
        if ((found & X509ChainStatusFlags.NotValidForUsage) != 0)
            return "its certificate is for another use (extended key usage)";
        return (found & X509ChainStatusFlags.NotTimeValid) != 0 ? "a certificate of its chain has expired, or is not valid yet" : $"its certificate is not accepted: {found}";
    }

    /// <summary>Null: it is valid now.</summary>
    protected static string? OfDates(X509Certificate2 certificate) => DateTime.Now > certificate.NotAfter
        ? $"its certificate expired on {TlsMaterial.Date(certificate.NotAfter)}"
        : DateTime.Now < certificate.NotBefore ? $"its certificate is not valid before {TlsMaterial.Date(certificate.NotBefore)}" : null;

    private static List<string> NamesOf(X509Certificate2 certificate)
    {
        var names = new List<string>();
        foreach (var alternatives in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            names.AddRange(alternatives.EnumerateDnsNames());
            names.AddRange(alternatives.EnumerateIPAddresses().Select(a => a.ToString()));
        }

        foreach (var name in (string[])[certificate.GetNameInfo(X509NameType.EmailName, false), certificate.GetNameInfo(X509NameType.SimpleName, false)])
        {
            if (name.Length > 0 && !names.Contains(name, StringComparer.OrdinalIgnoreCase))
                names.Add(name);
        }

        return names;
    }
}

/// <summary>A client's: what client-certificates, client-ca and allow-names ask.</summary>
internal sealed class ClientCheck(ServerTls tls) : PeerCheck
{
    protected override string? Refuse(X509Certificate2? certificate, IReadOnlyList<string> names, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
            return tls.ClientCertificates == ClientCertificates.Required ? "it showed no certificate (tls.client-certificates = required)" : null;
        if (OfChain(certificate, chain, errors, "tls.client-ca") is { } wrong)
            return wrong;
        return tls.AllowNames.Count == 0 || names.Any(n => tls.AllowNames.Contains(n, StringComparer.OrdinalIgnoreCase)) ? null : "no name of its certificate is in tls.allow-names";
    }
}

/// <summary>A server's: what ca, server-name and fingerprint ask.</summary>
internal sealed class ServerCheck(TargetTls tls, string name) : PeerCheck
{
    protected override string? Refuse(X509Certificate2? certificate, IReadOnlyList<string> names, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
            return "it showed no certificate";
        if (tls.Fingerprint is { } fingerprint)
        {
            var shown = Convert.ToHexStringLower(certificate.GetCertHash(System.Security.Cryptography.HashAlgorithmName.SHA256));
            return shown == fingerprint ? OfDates(certificate) : $"its certificate has the fingerprint sha256:{shown}, and not that of tls.fingerprint";
        }

        if (OfChain(certificate, chain, errors, tls.Authority) is { } wrong)
            return wrong;
        return !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? null
            : $"its certificate is for {(names.Count == 0 ? "no name" : string.Join(", ", names.Take(4).Select(Printable.Of)))}, and not for {name} (tls.server-name)";
    }
}
