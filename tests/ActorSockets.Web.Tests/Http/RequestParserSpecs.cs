using System.Globalization;
using System.Text;
using ActorSockets.Web.Http;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace ActorSockets.Web.Tests.Http;

/// <summary>What a client may write, and what comes of everything else.</summary>
public sealed class RequestParserSpecs
{
    [Fact]
    public void A_request_has_its_method_path_headers_and_body()
    {
        var request = Parse("POST /api/cancel?x=1 HTTP/1.1\r\nHost: localhost:9464\r\ncontent-length: 5\r\nX-Empty:\r\n\r\nabcdefg").Request!;
        Assert.Equal(("POST", "/api/cancel", "localhost:9464", "", "abcde"),
            (request.Method, request.Path, request["host"], request["X-Empty"], Encoding.ASCII.GetString(request.Body)));
        Assert.Equal("", request["X-Missing"]);
    }

    [Theory]
    [InlineData(400, "GET /\r\n\r\n")]
    [InlineData(400, "GET  / HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET http://localhost/ HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET * HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET /\u00e9 HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET / HTTP/2.0\r\n\r\n")]
    [InlineData(405, "DELETE / HTTP/1.1\r\n\r\n")]
    [InlineData(405, "get / HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\nHost: a\n")]
    [InlineData(400, "GET / HTTP/1.1\rHost: a")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n folded: a\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n: a\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n")]
    [InlineData(501, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
    [InlineData(417, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")]
    [InlineData(411, "POST / HTTP/1.1\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n")]
    [InlineData(413, "POST / HTTP/1.1\r\nContent-Length: 4097\r\n\r\n")]
    [InlineData(413, "POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde")]
    public void What_it_does_not_take_it_refuses(int status, string received) => Assert.Equal(status, Parse(received).Refusal?.Status);

    [Fact]
    public void A_head_has_limits()
    {
        Assert.Equal(431, Parse($"GET / HTTP/1.1\r\nX: {new string('a', RequestParser.MaxHead)}").Refusal?.Status);
        Assert.Equal(431, Parse($"GET / HTTP/1.1\r\n{Headers(RequestParser.MaxHeaders + 1)}\r\n").Refusal?.Status);
        Assert.Equal(RequestParser.MaxHeaders, Parse($"GET / HTTP/1.1\r\n{Headers(RequestParser.MaxHeaders)}\r\n").Request?.Headers.Count);

        static string Headers(int count) => string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: a\r\n"));
    }

    [Property(MaxTest = 300)]
    public Property Whatever_arrives_more_bytes_never_change_an_answer() => Prop.ForAll(Texts().ToArbitrary(), text =>
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        string? answer = null;
        for (var length = 0; length <= bytes.Length; length++)
        {
            var now = Answer(RequestParser.Parse(bytes.AsSpan(0, length)));
            if (answer is not null && now != answer)
                return false;
            answer = now;
        }

        return true;

        static string? Answer((HttpRequest? Request, HttpResponse? Refusal) parsed) =>
            parsed.Request?.ToString() ?? parsed.Refusal?.Status.ToString(CultureInfo.InvariantCulture);
    });

    [Property]
    public bool What_is_long_enough_has_an_answer(byte[] bytes)
    {
        var received = new byte[RequestParser.MaxHead + RequestParser.MaxBody];
        for (var i = 0; i < received.Length && bytes.Length > 0; i++)
            received[i] = bytes[i % bytes.Length];
        return RequestParser.Parse(received) is not (null, null);
    }

    /// <summary>Pieces of requests in any order, which are a request often enough.</summary>
    private static Gen<string> Texts() => Gen.Elements(
        "GET / HTTP/1.1\r\n", "POST /a HTTP/1.1\r\n", "Host: localhost\r\n", "Content-Length: 3\r\n", "Content-Length: 5000\r\n", "Transfer-Encoding: chunked\r\n",
        "\r\n", "\r\n\r\n", "\r", "\n", "abc", ":", " ", "\0").ArrayOf().Select(string.Concat);

    private static (HttpRequest? Request, HttpResponse? Refusal) Parse(string received) => RequestParser.Parse(Encoding.Latin1.GetBytes(received));
}
