using System.Globalization;
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

    public async ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk)
    {
        if (context.Server.Preview is { } preview)
        {
            await context.Print(Preview(chunk.Span, preview));
            return default;
        }

        var lines = Lines(chunk.Span, flush: false);
        if (lines.Count > 0)
            await context.Print(string.Join('\n', lines));
        return default;
    }

    public async ValueTask CompleteAsync()
    {
        var lines = Lines([], flush: true);
        if (_line.Length > 0)
            lines.Add(_prefix + _line);
        _line.Clear();
        if (lines.Count > 0)
            await context.Print(string.Join('\n', lines));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Preview(ReadOnlySpan<byte> chunk, int preview)
    {
        var text = new StringBuilder(_prefix).Append(chunk.Length).Append(" B  ");
        foreach (var c in Encoding.UTF8.GetString(chunk[..Math.Min(preview, chunk.Length)]))
            Escape(c, text);
        return chunk.Length > preview ? text.Append('…').ToString() : text.ToString();
    }

    private List<string> Lines(ReadOnlySpan<byte> chunk, bool flush)
    {
        var characters = new char[_decoder.GetCharCount(chunk, flush)];
        _decoder.GetChars(chunk, characters, flush);

        var lines = new List<string>();
        foreach (var c in characters)
        {
            if (c != '\n')
                Escape(c, _line);
            if (c != '\n' && _line.Length < LongestLine)
                continue;
            lines.Add(_prefix + _line);
            _line.Clear();
        }

        return lines;
    }

    private static void Escape(char c, StringBuilder to)
    {
        // Also what turns the direction of text or breaks lines: a peer must not be able to show what it did not send.
        var unsafeToPrint = char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
        switch (c)
        {
            case '\\': to.Append(@"\\"); break;
            case '\r': to.Append(@"\r"); break;
            case '\n': to.Append(@"\n"); break;
            case not '\t' when unsafeToPrint: to.Append(c < 256 ? $@"\x{(int)c:X2}" : $@"\u{(int)c:X4}"); break;
            default: to.Append(c); break;
        }
    }
}
