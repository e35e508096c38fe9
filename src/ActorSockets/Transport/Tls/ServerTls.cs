using ActorSockets.Configuration;

namespace ActorSockets.Transport.Tls;

/// <summary>Whether clients show a certificate.</summary>
public enum ClientCertificates
{
    /// <summary>None is asked for.</summary>
    None,

    /// <summary>One is asked for, and checked when it is there.</summary>
    Optional,

    /// <summary>A client without one is refused.</summary>
    Required,
}

/// <summary>TLS on a server's connections; units, ranges and defaults stand in <c>reference.conf</c>, server-defaults.tls.</summary>
public sealed record ServerTls
{
    /// <summary>Whether clients show a certificate.</summary>
    public required ClientCertificates ClientCertificates { get; init; }

    /// <summary>Names of certificates that may connect; empty: any that a CA of client-ca has signed.</summary>
    public required IReadOnlyList<string> AllowNames { get; init; }

    /// <summary>How long a client may take for its handshake.</summary>
    public required TimeSpan HandshakeTimeout { get; init; }

    /// <summary>Handshakes at a time; one more ends the one that has waited the longest.</summary>
    public required int MaxHandshakes { get; init; }

    /// <summary>Protocols to choose from by ALPN, the best one first; empty: ALPN is left alone.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = [];

    internal TlsFiles Files { get; private init; } = null!;

    /// <param name="section">Its settings.</param>
    /// <param name="protocols">What <see cref="Protocols"/> is.</param>
    /// <returns>Null: the server speaks plain TCP.</returns>
    internal static ServerTls? From(SettingsSection section, IReadOnlyList<string> protocols)
    {
        var (certificate, key) = (section.Text("certificate"), section.Text("key"));
        var (clients, authorities) = (section.Choice<ClientCertificates>("client-certificates"), section.Text("client-ca"));
        var names = section.Is("allow-names", "any") ? [] : section.Texts("allow-names", "is empty: write names such as [\"client-1\"], or any");
        var tls = new ServerTls
        {
            Protocols = protocols,
            ClientCertificates = clients,
            AllowNames = [.. names],
            HandshakeTimeout = section.Duration("handshake-timeout", TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)),
            MaxHandshakes = section.Int("max-handshakes", 1, 100_000),
            Files = new TlsFiles(("certificate", certificate), ("key", key), ("client-ca", authorities)),
        };
        if (certificate.Length == 0 && key.Length == 0)
        {
            if (clients != ClientCertificates.None || authorities.Length > 0 || names.Count > 0)
                section.RejectMissing("certificate", "a PEM file with the server's certificate, because the other settings of tls need TLS");
            return null;
        }

        if (certificate.Length == 0)
            section.RejectMissing("certificate", "a PEM file with the certificate that tls.key belongs to");
        else if (key.Length == 0)
            section.RejectMissing("key", "a PEM file with the private key of tls.certificate");
        else if (clients != ClientCertificates.None && authorities.Length == 0)
            section.RejectMissing("client-ca", $"a PEM file with the CAs that sign clients' certificates, because client-certificates = {(clients == ClientCertificates.Required ? "required" : "optional")}");
        else if (clients == ClientCertificates.None && authorities.Length > 0)
            section.Reject("client-ca", "is set, and client-certificates = none: needs client-certificates = required, or optional");
        else if (clients != ClientCertificates.Required && names.Count > 0)
            section.Reject("allow-names", "admits by the names of certificates: needs client-certificates = required");
        else
            section.Load(tls.Files);
        return tls;
    }
}
