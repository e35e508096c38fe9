using System.Buffers;
using System.Globalization;
using System.Text;

namespace ActorSockets.Web.Http;

/// <summary>
/// Reads one request of HTTP/1.0 or 1.1 (RFC 9112), more strictly than the RFC asks for: lines end with CR LF, a header has one line and
/// comes once, a body has a Content-Length and no Transfer-Encoding. What it does not take it refuses; it never guesses.
/// </summary>
internal static class RequestParser
{
    /// <summary>Bytes of the request line and all headers, the empty line included.</summary>
    public const int MaxHead = 8 * 1024;

    /// <summary>Headers of one request.</summary>
    public const int MaxHeaders = 64;

    /// <summary>Bytes of a body.</summary>
    public const int MaxBody = 4 * 1024;

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Reads what has arrived so far.</summary>
    /// <returns>The request, or why it is refused; neither: more bytes are needed. More bytes never change an answer.</returns>
    public static (HttpRequest? Request, HttpResponse? Refusal) Parse(ReadOnlySpan<byte> received)
    {
        var head = received[..Math.Min(received.Length, MaxHead)];
        var end = head.IndexOf("\r\n\r\n"u8);
        head = end < 0 ? head : head[..end];
        if (HasBareLineEnd(head, end < 0))
            return Refuse(400, "a line does not end with CR LF");
        if (end < 0)
            return received.Length < MaxHead ? default : Refuse(431, $"the head of a request may have {MaxHead} bytes");

        var lines = Encoding.Latin1.GetString(head).Split("\r\n");
        if (lines[0].Split(' ') is not [var method, ['/', ..] target, "HTTP/1.1" or "HTTP/1.0"] || target.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return Refuse(400, "the first line is not METHOD /PATH HTTP/1.1");
        if (method is not ("GET" or "HEAD" or "POST"))
            return Refuse(405, "the method is none of GET, HEAD, POST", ("Allow", "GET, HEAD, POST"));
        if (lines.Length - 1 > MaxHeaders)
            return Refuse(431, $"a request may have {MaxHeaders} headers");

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.AsSpan(1))
        {
            if (Header(line) is not var (name, value) || !headers.TryAdd(name, value))
                return Refuse(400, "a header is malformed, or comes twice");
        }

        return Body(method, target.Split('?')[0], headers, received[(end + 4)..]);
    }

    private static (HttpRequest?, HttpResponse?) Body(string method, string path, Dictionary<string, string> headers, ReadOnlySpan<byte> received)
    {
        if (headers.ContainsKey("Transfer-Encoding"))
            return Refuse(501, "Transfer-Encoding is not supported: send a Content-Length");
        if (headers.ContainsKey("Expect"))
            return Refuse(417, "Expect is not supported");
        var length = 0;
        if (!headers.TryGetValue("Content-Length", out var text))
        {
            if (method == "POST")
                return Refuse(411, "a POST needs a Content-Length");
        }
        else if (text.Length is 0 or > 19 || !text.All(char.IsAsciiDigit))
        {
            return Refuse(400, "Content-Length is not a number");
        }
        else if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > MaxBody)
        {
            return Refuse(413, $"a body may have {MaxBody} bytes");
        }

        if (length > 0 && method != "POST")
            return Refuse(400, $"a {method} has no body");
        return received.Length < length ? default : (new HttpRequest(method, path, headers, received[..length].ToArray()), null);
    }

    private static (string Name, string Value)? Header(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || line.AsSpan(0, colon).ContainsAnyExcept(TokenCharacters))
            return null;
        var value = line[(colon + 1)..].Trim(' ', '\t');
        return value.Any(c => c is < ' ' and not '\t' or '\x7f') ? null : (line[..colon], value);
    }

    /// <summary>Whether there is a CR without LF or an LF without CR. The last byte may be a CR whose LF is still to come.</summary>
    private static bool HasBareLineEnd(ReadOnlySpan<byte> head, bool goesOn)
    {
        for (var i = 0; i < head.Length; i++)
        {
            if (head[i] == '\n' && (i == 0 || head[i - 1] != '\r'))
                return true;
            if (head[i] == '\r' && (i + 1 < head.Length ? head[i + 1] != '\n' : !goesOn))
                return true;
        }

        return false;
    }

    private static (HttpRequest?, HttpResponse?) Refuse(int status, string reason, params (string Name, string Value)[] headers) =>
        (null, HttpResponse.Text(status, reason) with { Headers = headers });
}
