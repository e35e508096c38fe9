using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Protocols;

namespace ActorSockets.Tests.Support;

/// <summary>A client of the deliveries protocol that says what a spec says, right or wrong.</summary>
internal sealed class DeliveryClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly StreamReader _reader;

    private DeliveryClient(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
        _reader = new StreamReader(stream, Encoding.UTF8);
    }

    public string Endpoint => _socket.LocalEndPoint!.ToString()!;

    /// <summary>Connects and reads the greeting.</summary>
    /// <param name="port">Of a server on this machine.</param>
    /// <param name="tls">How to shake hands; null: no TLS.</param>
    public static async Task<DeliveryClient> ConnectAsync(int port, SslClientAuthenticationOptions? tls = null)
    {
        var client = await ConnectUngreetedAsync(port, tls);
        Assert.StartsWith("deliveries/1 ", await client.HearAsync(), StringComparison.Ordinal);
        return client;
    }

    public static async Task<DeliveryClient> ConnectUngreetedAsync(int port, SslClientAuthenticationOptions? tls = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var plain = new NetworkStream(socket, ownsSocket: false);
        if (tls is null)
            return new DeliveryClient(socket, plain);
        var secured = new SslStream(plain);
        await secured.AuthenticateAsClientAsync(tls);
        return new DeliveryClient(socket, secured);
    }

    /// <summary>The line that a server sends when it has stored these bytes.</summary>
    public static string Received(string id, ReadOnlySpan<byte> payload, DigestAlgorithm algorithm = DigestAlgorithm.Xxh128) =>
        $"received {id} {payload.Length} {DigestOf(payload, algorithm)}";

    public static Digest DigestOf(ReadOnlySpan<byte> payload, DigestAlgorithm algorithm = DigestAlgorithm.Xxh128)
    {
        using var digest = PayloadDigest.Of(algorithm);
        digest.Append(payload);
        return digest.Value();
    }

    /// <summary>Bytes that differ from place to place.</summary>
    public static byte[] Payload(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public Task SayAsync(string text) => SayAsync(Encoding.UTF8.GetBytes(text));

    public async Task SayAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    /// <summary>The bytes in chunks, without an end.</summary>
    public async Task SayBodyAsync(ReadOnlyMemory<byte> payload, int chunk = 50_000)
    {
        for (; !payload.IsEmpty; payload = payload[Math.Min(chunk, payload.Length)..])
        {
            var size = Math.Min(chunk, payload.Length);
            await SayAsync($"{size}\n");
            await SayAsync(payload[..size]);
            await SayAsync("\n");
        }
    }

    /// <summary>A whole delivery, without waiting for the answer.</summary>
    public async Task DeliverAsync(string id, ReadOnlyMemory<byte> payload, string fields = "")
    {
        await SayAsync($"deliver {id} {payload.Length}{fields}\n");
        await SayBodyAsync(payload);
        await SayAsync("end\n");
    }

    /// <summary>The next line; null: the server's FIN.</summary>
    public async Task<string?> HearAsync() => await _reader.ReadLineAsync().WaitAsync(Patience);

    public async Task FinishAsync()
    {
        if (_stream is SslStream tls)
            await tls.ShutdownAsync();
        _socket.Shutdown(SocketShutdown.Send);
    }

    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Close();
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
