using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;
using ActorSockets.Transport.Tls;
using Akka.Configuration;

namespace ActorSockets.Tests.Transport.Tls;

/// <summary>A TLS connection of ours, and its peer: an SslStream of .NET on a socket that a spec can also misuse.</summary>
internal sealed class TlsPair : IAsyncDisposable
{
    private readonly SocketPair _sockets;

    private TlsPair(SocketPair sockets, SslStream peer, Connection ours)
    {
        _sockets = sockets;
        Peer = peer;
        Ours = ours;
    }

    public Connection Ours { get; }

    public SslStream Peer { get; }

    public Socket PeerSocket => _sockets.Client;

    /// <summary>Ours is the server.</summary>
    public static async Task<TlsPair> CreateAsync(SslProtocols version = SslProtocols.None)
    {
        var sockets = Sockets();
        var accepting = TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), Settings.OfServer(TestPki.Shared.ServerTls), default);
        var peer = new SslStream(new NetworkStream(sockets.Client));
        await peer.AuthenticateAsClientAsync(TrustingOptions(version));
        return new TlsPair(sockets, peer, await accepting);
    }

    /// <summary>Sockets as ours have them: armed to reset.</summary>
    public static SocketPair Sockets()
    {
        var sockets = new SocketPair();
        new SocketSettings(TimeSpan.Zero).Apply(sockets.Accepted);
        return sockets;
    }

    public static SslClientAuthenticationOptions TrustingOptions(SslProtocols version = SslProtocols.None)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(TestPki.Shared.CaFile));
        return new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy, EnabledSslProtocols = version };
    }

    public async ValueTask DisposeAsync()
    {
        Ours.Abort();
        await Peer.DisposeAsync();
        _sockets.Dispose();
    }
}

/// <summary>The TLS settings of a server or target with nothing else.</summary>
internal static class Settings
{
    public static ServerTls OfServer(string hocon) =>
        ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets.servers.s {{ {hocon} \n}}")).Servers[0].Tls!;

    public static TargetTls OfTarget(string hocon) =>
        ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets.targets.t {{ port = 9\n {hocon} \n}}")).Targets[0].Tls!;
}
