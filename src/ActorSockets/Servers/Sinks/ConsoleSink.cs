using System.Text;

namespace ActorSockets.Servers.Sinks;

/// <summary>Prints each line that was received, with who sent it; control characters are escaped, so that a peer cannot
/// steer the terminal.</summary>
internal sealed class ConsoleSink(SinkContext context) : ISink
{
    private const int LongestLine = 8192;

    private readonly string _prefix = $"{context.Server.Name} < {context.Peer}: ";
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _line = new();

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk)
    {
        if (context.Server.Preview is { } preview)
        {
            await context.Print(Preview(chunk.Span, preview));
            return;
        }

        foreach (var line in Lines(chunk.Span))
            await context.Print(_prefix + line);
    }

    public async ValueTask CompleteAsync()
    {
        if (_line.Length > 0)
            await context.Print(_prefix + _line);
        _line.Clear();
    }

    public ValueTask DisposeAsync() => CompleteAsync();

    private string Preview(ReadOnlySpan<byte> chunk, int preview)
    {
        var text = new StringBuilder(_prefix).Append(chunk.Length).Append(" B  ");
        foreach (var c in Encoding.UTF8.GetString(chunk[..Math.Min(preview, chunk.Length)]))
            Escape(c, text);
        return chunk.Length > preview ? text.Append('…').ToString() : text.ToString();
    }

    private List<string> Lines(ReadOnlySpan<byte> chunk)
    {
        var characters = new char[_decoder.GetCharCount(chunk, flush: false)];
        _decoder.GetChars(chunk, characters, flush: false);

        var lines = new List<string>();
        foreach (var c in characters)
        {
            if (c != '\n')
                Escape(c, _line);
            if (c != '\n' && _line.Length < LongestLine)
                continue;
            lines.Add(_line.ToString());
            _line.Clear();
        }

        return lines;
    }

    private static void Escape(char c, StringBuilder to)
    {
        if (c is '\r')
            to.Append("\\r");
        else if (c is '\n')
            to.Append("\\n");
        else if (char.IsControl(c) && c != '\t')
            to.Append($"\\x{(int)c:X2}");
        else
            to.Append(c);
    }
}
