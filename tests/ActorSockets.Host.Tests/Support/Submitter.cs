using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ActorSockets.Host.Tests.Support;

/// <summary>Hands payloads over by the deliveries protocol, one after another, to whichever of some servers answers.</summary>
/// <param name="ports">The servers'.</param>
internal sealed class Submitter(IReadOnlyList<int> ports) : IDisposable
{
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private int _at;
    private Socket? _socket;
    private StreamReader? _reader;

    /// <summary>Done when a server has answered that it has it, under this id and as a file of this name.</summary>
    /// <exception cref="InvalidOperationException">The server does not want it.</exception>
    public async Task SubmitAsync(string id, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var answer = await TryAsync(id, payload, cancellation);
                if (answer?.StartsWith(string.Create(CultureInfo.InvariantCulture, $"received {id} {payload.Length} "), StringComparison.Ordinal) == true)
                    return;
                if (answer?.StartsWith("later ", StringComparison.Ordinal) == false)
                    throw new InvalidOperationException($"a node answered '{answer}'");
            }
            catch (Exception e) when (e is IOException or SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // Another node.
            }

            Dispose();
            _at = (_at + 1) % ports.Count;
            await Task.Delay(RetryDelay, cancellation);
        }
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _socket?.Dispose();
        (_reader, _socket) = (null, null);
    }

    private async Task<string?> TryAsync(string id, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(AnswerPatience);
        if (_socket is null || _reader is null)
        {
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _socket.ConnectAsync(IPAddress.Loopback, ports[_at], patience.Token);
            _reader = new StreamReader(new NetworkStream(_socket), Encoding.UTF8);
            if (await _reader.ReadLineAsync(patience.Token) is null)
                return null;
        }

        byte[] delivery = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"deliver {id} {payload.Length} name={id}\n{payload.Length}\n")), .. payload.Span, .. "\nend\n"u8];
        for (var left = delivery.AsMemory(); !left.IsEmpty;)
            left = left[await _socket.SendAsync(left, patience.Token)..];
        return await _reader.ReadLineAsync(patience.Token);
    }
}
