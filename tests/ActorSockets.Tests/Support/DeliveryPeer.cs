using System.Globalization;
using System.Text;

namespace ActorSockets.Tests.Support;

/// <summary>A receiver of the deliveries protocol that a spec writes out, line by line.</summary>
internal sealed class DeliveryPeer(PeerConnection peer)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <summary>A greeting that allows everything.</summary>
    public const string Greeting = "deliveries/1 window=64 remembers=7d digests=xxh128,sha256";

    public async Task SayAsync(string line) => await peer.SendAsync(Encoding.UTF8.GetBytes(line + '\n'));

    /// <summary>The next line; null at the sender's end.</summary>
    public async Task<string?> HearAsync()
    {
        var line = new List<byte>();
        while (await ReadByteAsync() is { } next)
        {
            if (next == '\n')
                return Encoding.UTF8.GetString([.. line]);
            line.Add(next);
        }

        return line.Count == 0 ? null : throw new EndOfStreamException("a line is cut off");
    }

    /// <summary>The rest of a body, and the line behind it: <c>end</c> or <c>abort</c>.</summary>
    public async Task<(byte[] Body, string Last)> HearBodyAsync(int most = int.MaxValue)
    {
        var body = new List<byte>();
        while (true)
        {
            var line = await HearAsync() ?? throw new EndOfStreamException("a body is cut off");
            if (!int.TryParse(line, CultureInfo.InvariantCulture, out var size))
                return ([.. body], line);
            var chunk = new byte[size + 1];
            for (var i = 0; i < chunk.Length; i++)
                chunk[i] = await ReadByteAsync() ?? throw new EndOfStreamException("a chunk is cut off");
            body.AddRange(chunk.AsSpan(0, size));
            if (body.Count >= most)
                return ([.. body], "");
        }
    }

    /// <summary>Takes one delivery as it should, and says that it is stored.</summary>
    /// <returns>Its header and its body; null at the sender's end.</returns>
    public async Task<(string Header, byte[] Body)?> TakeAsync()
    {
        if (await HearAsync() is not { } header)
            return null;
        var words = header.Split(' ');
        if (words[0] == "resume")
            await SayAsync($"from {words[1]} 0");
        var (body, last) = await HearBodyAsync();
        await SayAsync($"received {words[1]} {body.Length} {last.Split(' ')[1]}");
        return (header, body);
    }

    private async ValueTask<byte?> ReadByteAsync()
    {
        if (_start == _end)
            (_start, _end) = (0, await peer.ReceiveAsync(_buffer));
        return _end == 0 ? null : _buffer[_start++];
    }
}
