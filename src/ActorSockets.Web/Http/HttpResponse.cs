using System.Globalization;
using System.Text;

namespace ActorSockets.Web.Http;

/// <summary>An answer. The connection closes behind it.</summary>
/// <param name="Status">Such as 200.</param>
/// <param name="ContentType">The media type of the body.</param>
/// <param name="Body">The body, unless it comes in <paramref name="Parts"/>.</param>
/// <param name="Parts">A body whose length nobody knows yet; the end of the connection ends it. The token ends the parts.</param>
internal sealed record HttpResponse(int Status, string ContentType, ReadOnlyMemory<byte> Body, Func<CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>>? Parts = null)
{
    // A page of ours runs only our own script, and nobody else's page shows it or reads from it.
    private const string Always =
        "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
        + "Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\nContent-Security-Policy: default-src 'none'; "
        + "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";

    /// <summary>Headers beside those that every answer has.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>A line of plain text.</summary>
    public static HttpResponse Text(int status, string text) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text + "\n"));

    /// <summary>The status line, the headers and the empty line.</summary>
    public byte[] Head()
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} {Reason}\r\nContent-Type: {ContentType}\r\n{Always}");
        foreach (var (name, value) in Headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        if (Parts is null)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {Body.Length}\r\n");
        return Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
    }

    private string Reason => Status switch
    {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
}
