using System.Text.RegularExpressions;
using ActorSockets.Configuration;

namespace ActorSockets.Transport.Tls;

/// <summary>TLS on a target's connections; units, ranges and defaults stand in <c>reference.conf</c>, target-defaults.tls.</summary>
public sealed partial record TargetTls
{
    private const string System = "system";

    /// <summary>The name that the server's certificate must have; empty: the target's host.</summary>
    public required string ServerName { get; init; }

    /// <summary>SHA-256 of the only certificate that the server may have, in lower-case hexadecimal; null: its CA and name are checked.</summary>
    public required string? Fingerprint { get; init; }

    /// <summary>What messages call the CAs that sign the server's certificate.</summary>
    public required string Authority { get; init; }

    /// <summary>Protocols to offer by ALPN, the best one first; empty: ALPN is left alone.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = [];

    internal TlsFiles Files { get; private init; } = null!;

    /// <param name="section">Its settings.</param>
    /// <param name="protocols">What <see cref="Protocols"/> is.</param>
    /// <returns>Null: plain TCP.</returns>
    internal static TargetTls? From(SettingsSection section, IReadOnlyList<string> protocols)
    {
        if (!section.Switch("enabled"))
            return null;
        var (authority, certificate, key) = (section.Text("ca"), section.Text("certificate"), section.Text("key"));
        var tls = new TargetTls
        {
            Protocols = protocols,
            ServerName = section.Text("server-name"),
            Fingerprint = FingerprintOf(section),
            Authority = authority == System ? "this system" : authority,
            Files = new TlsFiles(("certificate", certificate), ("key", key), ("ca", authority == System ? "" : authority)),
        };
        if (tls.ServerName.Length > 0 && !Endpoints.IsHost(tls.ServerName))
            section.Reject("server-name", $"'{tls.ServerName}' is neither an IP address nor a host name");
        if (authority.Length == 0)
            section.Reject("ca", "is empty: needs system, or a PEM file with the CAs that sign servers' certificates");
        else if (certificate.Length == 0 && key.Length > 0)
            section.RejectMissing("certificate", "a PEM file with the certificate that tls.key belongs to");
        else if (key.Length == 0 && certificate.Length > 0)
            section.RejectMissing("key", "a PEM file with the private key of tls.certificate");
        else
            section.Load(tls.Files);
        return tls;
    }

    private static string? FingerprintOf(SettingsSection section)
    {
        var text = section.Text("fingerprint");
        if (text.Length == 0)
            return null;
        // As openssl x509 -fingerprint -sha256 prints it, too.
        var plain = text.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
        if (Sha256().Match(plain) is { Success: true } match)
            return match.Groups["hex"].Value;
        section.Reject("fingerprint", $"'{text}' is not sha256: and 64 hexadecimal digits (openssl x509 -in CERTIFICATE -noout -fingerprint -sha256)");
        return null;
    }

    [GeneratedRegex("^(?:sha256)?(?<hex>[0-9a-f]{64})$")]
    private static partial Regex Sha256();
}

/// <summary>How settings load files.</summary>
internal static class TlsSettings
{
    /// <summary>Loads them; what is wrong with one is an error of the setting that names it.</summary>
    /// <returns>Whether they can be used.</returns>
    public static bool Load(this SettingsSection section, TlsFiles files)
    {
        try
        {
            files.Load();
            return true;
        }
        catch (TlsFileException e)
        {
            section.Reject(e.Setting, e.Message);
            return false;
        }
    }
}
