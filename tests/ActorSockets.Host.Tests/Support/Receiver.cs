using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ActorSockets.Host.Tests.Support;

/// <summary>A server that a spec plays: one connection, read when the spec says so.</summary>
internal sealed class Receiver : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Socket? _socket;

    public Receiver()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    public int Port { get; }

    public async Task AcceptAsync() => _socket = await _listener.AcceptSocketAsync().WaitAsync(Patience);

    public async Task SayAsync(string text) => await _socket!.SendAsync(Encoding.ASCII.GetBytes(text));

    /// <summary>The next bytes, so many.</summary>
    public async Task<string> HearAsync(int count)
    {
        var bytes = new byte[count];
        await new NetworkStream(_socket!).ReadExactlyAsync(bytes).AsTask().WaitAsync(Patience);
        return Encoding.ASCII.GetString(bytes);
    }

    /// <summary>The rest of a line.</summary>
    public async Task<string> HearLineAsync()
    {
        var line = "";
        while (await HearAsync(1) is var next && next != "\n")
            line += next;
        return line;
    }

    /// <summary>Everything up to the sender's end.</summary>
    /// <returns>Its bytes, and whether the end was a FIN; otherwise it was a reset.</returns>
    public async Task<(string Text, bool IsWhole)> HearEndAsync()
    {
        var (text, buffer) = (new StringBuilder(), new byte[64 * 1024]);
        try
        {
            for (int count; (count = await _socket!.ReceiveAsync(buffer).WaitAsync(Patience)) > 0;)
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
            return (text.ToString(), true);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return (text.ToString(), false);
        }
    }

    public void Close() => _socket!.Close();

    public void Dispose()
    {
        _socket?.Dispose();
        _listener.Dispose();
    }
}
