using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace ActorSockets.Tests.Support;

/// <summary>
/// One end of a connection as a peer that is not ours has it: a socket, or .NET's SslStream on it. Fails with a
/// SocketException either way.
/// </summary>
public sealed class PeerConnection : IDisposable
{
    private static readonly Lazy<X509Certificate2> Authority = new(() => X509CertificateLoader.LoadCertificateFromFile(TestPki.Shared.CaFile));
    private static readonly Lazy<X509Certificate2> Certificate = new(() => X509Certificate2.CreateFromPemFile(TestPki.Shared.Server.Certificate, TestPki.Shared.Server.Key));

    private readonly SslStream? _tls;

    private PeerConnection(Socket socket, SslStream? tls)
    {
        Socket = socket;
        _tls = tls;
    }

    public Socket Socket { get; }

    public static async Task<PeerConnection> AcceptAsync(Socket socket, bool tls)
    {
        if (!tls)
            return new PeerConnection(socket, null);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: false));
        await Translating(() => stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate.Value }));
        return new PeerConnection(socket, stream);
    }

    public static async Task<PeerConnection> ConnectAsync(Socket socket, bool tls)
    {
        if (!tls)
            return new PeerConnection(socket, null);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: false));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(Authority.Value);
        var options = new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy };
        await Translating(() => stream.AuthenticateAsClientAsync(options));
        return new PeerConnection(socket, stream);
    }

    public async Task<int> ReceiveAsync(Memory<byte> buffer)
    {
        if (_tls is null)
            return await Socket.ReceiveAsync(buffer);
        var count = 0;
        await Translating(async () => count = await _tls.ReadAsync(buffer));
        return count;
    }

    public async Task<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_tls is null)
            return await Socket.SendAsync(bytes);
        await Translating(() => _tls.WriteAsync(bytes).AsTask());
        return bytes.Length;
    }

    /// <summary>Our end; reading goes on.</summary>
    public async Task FinishAsync()
    {
        if (_tls is not null)
            await Translating(_tls.ShutdownAsync);
        Socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Our end, if it has not come, and then the peer's.</summary>
    public async Task CloseAsync()
    {
        if (_tls is not null)
        {
            try
            {
                await FinishAsync();
                while (await Socket.ReceiveAsync(new byte[4096]) > 0)
                {
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has left, or we have finished before.
            }
        }

        Dispose();
    }

    public void Reset() => ScriptedPeer.Reset(Socket);

    public void Dispose()
    {
        Socket.Dispose();
        _tls?.Dispose();
    }

    private static async Task Translating(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is IOException or AuthenticationException or InvalidOperationException and not ObjectDisposedException)
        {
            throw e.GetBaseException() as SocketException ?? new SocketException((int)SocketError.ConnectionReset, e.Message);
        }
    }
}
