using System.Net;
using ActorSockets.Configuration;
using ActorSockets.Transport.Tls;

namespace ActorSockets;

/// <summary>This process as a node of a cluster, which is a package of its own, <c>ActorSockets.Cluster</c>; <c>reference.conf</c>, cluster.</summary>
/// <param name="Enabled">Whether it is one.</param>
/// <param name="Host">Where the other nodes reach it.</param>
/// <param name="Port">Its port there.</param>
/// <param name="Roles">What it does.</param>
/// <param name="HeartbeatPause">How long a node may be silent.</param>
/// <param name="StableAfter">How long it is unreachable before the others take its targets.</param>
public sealed record ClusterSettings(
    bool Enabled, string Host, int Port, IReadOnlyList<string> Roles, TimeSpan HeartbeatPause, TimeSpan StableAfter)
{
    /// <summary>The role of nodes that run senders.</summary>
    public const string SenderRole = "sender";

    /// <summary>Whether it runs senders.</summary>
    public bool Sends => Roles.Contains(SenderRole);

    /// <summary>Null: the nodes talk in the clear.</summary>
    internal TlsFiles? Tls { get; private init; }

    internal static ClusterSettings From(SettingsSection section)
    {
        var settings = new ClusterSettings(
            section.Switch("enabled"),
            section.Host("host"),
            section.Port("port"),
            section.Is("roles", "none") ? [] : [.. section.Texts("roles", "is empty: write none, or a list such as [sender]")],
            section.Duration("heartbeat-pause", TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(10)),
            section.Duration("stable-after", TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(10)));
        var tls = TlsOf(section.Merged("tls"));
        if (!settings.Enabled)
            return settings;
        if (Endpoints.ParseAddress(settings.Host) is { } address && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
            section.Reject("host", $"{settings.Host} is no address that other nodes can connect to: needs this node's own");
        else if (tls is null && !section.Switch("insecure") && !WebSettings.IsLoopback(settings.Host))
            section.Reject("host", $"{settings.Host} is not loopback: whoever reaches the port could join; set tls, or insecure = on in a network of your own");
        if (tls is not null)
            Load(section.Merged("tls"), tls);
        return settings with { Tls = tls };
    }

    private static void Load(SettingsSection section, TlsFiles files)
    {
        if (!section.Load(files) || files.Current is not { Context: { } own } loaded)
            return;
        if (!loaded.Trusts(own.TargetCertificate, own.IntermediateCertificates))
            section.Reject("certificate", "is not one that a CA in ca has signed: nodes with this file would refuse each other");
    }

    private static TlsFiles? TlsOf(SettingsSection section)
    {
        string[] keys = ["certificate", "key", "ca"];
        var paths = keys.Select(section.Text).ToArray();
        if (paths.All(path => path.Length == 0))
            return null;
        if (Array.IndexOf(paths, "") is >= 0 and var missing)
        {
            section.RejectMissing(keys[missing], "a PEM file: nodes show each other a certificate, with its key, that a CA of theirs has signed");
            return null;
        }

        return new TlsFiles(("certificate", paths[0]), ("key", paths[1]), ("ca", paths[2]));
    }
}
