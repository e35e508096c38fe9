using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>
/// What one would write for TLS without actors: an SslStream over a NetworkStream, read or written in a loop. As peers, and as
/// the other end of whoever is measured. Certificates are those of <c>actorsockets init --tls DIR</c>.
/// </summary>
internal static class SslStreams
{
    private const int ReceiveBuffer = 1 << 20;
    private const int SendBuffer = 256 * 1024;

    /// <summary>One payload; says "connected" after the handshake and "delivered" at the peer's end.</summary>
    public static async Task SendAsync(string directory, string payload, int bufferBytes, int port)
    {
        using var bytes = new Bytes(payload, bufferBytes);
        await using var stream = await ConnectAsync(directory, port);
        Console.WriteLine("connected");
        while (bytes.Next() is { IsEmpty: false } next)
            await stream.WriteAsync(next);
        await FinishAsync(stream, new byte[1]);
        Console.WriteLine("delivered");
    }

    /// <summary>Any number of connections, forgotten.</summary>
    public static async Task ReceiveAsync(string directory, int bufferBytes)
    {
        using var listener = Bytes.Listen();
        var options = OptionsOf(directory);
        while (true)
            _ = DiscardAsync(await listener.AcceptAsync(), options, new byte[bufferBytes]);
    }

    /// <summary>Takes one connection, and says what came from the first byte to the end.</summary>
    public static async Task SinkAsync(string directory)
    {
        using var listener = Bytes.Listen();
        var (total, firstAt) = await DiscardAsync(await listener.AcceptAsync(), OptionsOf(directory), new byte[ReceiveBuffer]);
        Gauges.Say("received", total, Stopwatch.GetElapsedTime(firstAt));
    }

    /// <summary>Sends so many bytes and our end, and says how long it took until the peer's.</summary>
    public static async Task SourceAsync(string directory, int port, long bytes)
    {
        await using var stream = await ConnectAsync(directory, port);
        var buffer = new byte[SendBuffer];
        var startedAt = Stopwatch.GetTimestamp();
        for (var left = bytes; left > 0; left -= buffer.Length)
            await stream.WriteAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)));
        await FinishAsync(stream, buffer);
        Gauges.Say("sent", bytes, Stopwatch.GetElapsedTime(startedAt));
    }

    private static async Task<(long Total, long FirstAt)> DiscardAsync(Socket socket, SslServerAuthenticationOptions options, byte[] buffer)
    {
        await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsServerAsync(options);
        var (total, firstAt) = (0L, 0L);
        for (int count; (count = await stream.ReadAsync(buffer)) > 0; total += count)
        {
            if (firstAt == 0)
                firstAt = Stopwatch.GetTimestamp();
        }

        await stream.ShutdownAsync();
        return (total, firstAt);
    }

    public static async Task<SslStream> ConnectAsync(string directory, int port)
    {
        var socket = Bytes.NewSocket();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(Path.Combine(directory, "ca.crt")));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy });
        return stream;
    }

    private static SslServerAuthenticationOptions OptionsOf(string directory) => new()
    {
        ServerCertificate = X509Certificate2.CreateFromPemFile(Path.Combine(directory, "server.crt"), Path.Combine(directory, "server.key")),
    };

    private static async Task FinishAsync(SslStream stream, byte[] buffer)
    {
        await stream.ShutdownAsync();
        while (await stream.ReadAsync(buffer) > 0)
        {
            // Whatever it says.
        }
    }
}
