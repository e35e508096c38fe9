namespace ActorSockets.Transport;

/// <summary>Recognises the first bytes of a peer that speaks another protocol than we do, so that a message can name it.</summary>
internal static class ForeignProtocol
{
    /// <summary><c>TLS</c>, <c>HTTP</c>, or null.</summary>
    public static string? Of(ReadOnlySpan<byte> first)
    {
        if (LooksLikeClientHello(first))
            return "TLS";
        var line = first.IndexOf((byte)'\n') is >= 0 and var end ? first[..end] : first;
        return LooksLikeHttp(line) && line.IndexOf("HTTP/1."u8) >= 0 ? "HTTP" : null;
    }

    /// <summary>Whether a request or a response of HTTP/1 starts like this.</summary>
    public static bool LooksLikeHttp(ReadOnlySpan<byte> first) =>
        first.StartsWith("GET "u8) || first.StartsWith("HEAD "u8) || first.StartsWith("POST "u8) || first.StartsWith("PUT "u8) || first.StartsWith("OPTIONS "u8)
        || first.StartsWith("DELETE "u8) || first.StartsWith("PATCH "u8) || first.StartsWith("CONNECT "u8) || first.StartsWith("HTTP/"u8);

    /// <summary>Whether the first message of a TLS client starts like this: a record of type handshake (RFC 8446, section 5.1).</summary>
    public static bool LooksLikeClientHello(ReadOnlySpan<byte> first) => first is [22, 3, <= 4, _, _, 1, ..];

    /// <summary>Whether a TLS server refuses a client like this: a record of type alert.</summary>
    public static bool LooksLikeAlert(ReadOnlySpan<byte> first) => first is [21, 3, <= 4, 0, 2, 1 or 2, _];
}
