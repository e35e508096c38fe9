using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Akka.IO;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>A PAYLOAD: the bytes of a file, or one buffer as often as it takes. Nothing is cheaper than that.</summary>
internal sealed class Bytes : IDisposable
{
    public const int Backlog = 4096;

    private readonly FileStream? _file;
    private readonly byte[] _buffer;
    private long _left;
    private ByteString? _madeUp;

    public Bytes(string payload, int bufferBytes)
    {
        _buffer = new byte[bufferBytes];
        if (!long.TryParse(payload, NumberStyles.None, CultureInfo.InvariantCulture, out _left))
        {
            _file = new FileStream(payload, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            _left = _file.Length;
        }
    }

    /// <summary>The next of them; empty at the end.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        var count = (int)Math.Min(_left, _buffer.Length);
        if (_file is not null)
            count = _file.Read(_buffer, 0, count);
        _left -= count;
        return _buffer.AsMemory(0, count);
    }

    /// <summary>The next of them for Akka; made up bytes are copied into one once, and the bytes of a file into one each time.</summary>
    public ByteString NextByteString()
    {
        var next = Next();
        return _file is not null || next.Length < _buffer.Length ? ByteString.FromBytes(next.ToArray()) : _madeUp ??= ByteString.FromBytes(_buffer);
    }

    public void Dispose() => _file?.Dispose();

    public static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static Socket Listen(IPAddress? address = null, int backlog = Backlog)
    {
        var listener = NewSocket();
        listener.Bind(new IPEndPoint(address ?? IPAddress.Loopback, 0));
        listener.Listen(backlog);
        return listener;
    }
}
