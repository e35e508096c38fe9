using System.Buffers;
using System.Globalization;
using System.Text;

namespace ActorSockets.Servers.Sinks;

/// <summary>
/// Prints each received line with its sender. Control characters are escaped, so that a peer cannot steer the terminal. A
/// chunk is formatted in slices, each printed before the next: one byte can become a line of its own, and a connection must
/// hold a bounded amount of text whatever it receives.
/// </summary>
internal sealed class ConsoleSink(SinkContext context) : ISink
{
    private const int LongestLine = 8192;

    // Characters of one print, apart from its last line: too few for the large object heap, which frees memory late.
    private const int LongestPrint = 16 * 1024;

    private const int DecodedBytes = 4096;

    private readonly string _prefix = $"{context.Server.Name} < {context.Peer}: ";
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _line = new();

    public async ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk)
    {
        if (context.Server.Preview is { } preview)
            await context.Print(Preview(chunk.Span, Math.Min(preview, LongestLine)));
        else
            await PrintLinesAsync(chunk, isEnd: false);
        return default;
    }

    public async ValueTask CompleteAsync()
    {
        await PrintLinesAsync(default, isEnd: true);
        if (_line.Length > 0)
            await context.Print(_prefix + _line);
        _line.Clear();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Preview(ReadOnlySpan<byte> chunk, int preview)
    {
        var text = new StringBuilder(_prefix).Append(chunk.Length).Append(" B  ");
        foreach (var c in Encoding.UTF8.GetString(chunk[..Math.Min(preview, chunk.Length)]))
            Escape(c, text);
        return chunk.Length > preview ? text.Append('…').ToString() : text.ToString();
    }

    private async ValueTask PrintLinesAsync(ReadOnlyMemory<byte> chunk, bool isEnd)
    {
        var characters = ArrayPool<char>.Shared.Rent(Encoding.UTF8.GetMaxCharCount(DecodedBytes));
        var lines = new StringBuilder();
        try
        {
            do
            {
                var slice = chunk[..Math.Min(chunk.Length, DecodedBytes)];
                chunk = chunk[slice.Length..];
                var count = _decoder.GetChars(slice.Span, characters, isEnd);
                for (var i = 0; i < count; i++)
                {
                    Append(characters[i], lines);
                    if (lines.Length < LongestPrint)
                        continue;
                    await context.Print(lines.ToString());
                    lines.Clear();
                }
            }
            while (chunk.Length > 0);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters);
        }

        if (lines.Length > 0)
            await context.Print(lines.ToString());
    }

    private void Append(char c, StringBuilder lines)
    {
        if (c != '\n')
            Escape(c, _line);
        if (c != '\n' && _line.Length < LongestLine)
            return;
        if (lines.Length > 0)
            lines.Append('\n');
        lines.Append(_prefix).Append(_line);
        _line.Clear();
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
