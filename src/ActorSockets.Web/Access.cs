using System.Net;
using System.Security.Cryptography;
using System.Text;
using ActorSockets.Web.Http;

namespace ActorSockets.Web;

/// <summary>Who may ask for what.</summary>
internal sealed class Access(WebSettings settings)
{
    /// <summary>The header that a request must have to change something. No form and no link can send it.</summary>
    public const string ChangeHeader = "X-ActorSockets";

    private readonly byte[]? _token = settings.Token is { } token ? Hash($"Bearer {token}") : null;
    private readonly HashSet<string> _hosts = new([.. settings.AllowedHosts, settings.Host, "localhost"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Why a request is refused, or null.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isOpen">Whether it needs no token: health, and the files of the page.</param>
    public HttpResponse? Refuse(HttpRequest request, bool isOpen)
    {
        // A page elsewhere whose name was made to resolve to this machine (DNS rebinding) sends its own name.
        if (!IsOurs(request["Host"]))
            return HttpResponse.Text(421, "the Host header names another server: see web.allowed-hosts");
        if (!isOpen && _token is not null && !CryptographicOperations.FixedTimeEquals(Hash(request["Authorization"]), _token))
            return HttpResponse.Text(401, "needs the header Authorization: Bearer TOKEN") with { Headers = [("WWW-Authenticate", "Bearer")] };
        if (request.Method != "POST")
            return null;
        if (!settings.AllowChanges)
            return HttpResponse.Text(403, "web.allow-changes is off");
        return IsFromOurPage(request) ? null : HttpResponse.Text(403, $"needs the header {ChangeHeader}: 1, and no page of another origin may send it");
    }

    /// <summary>Browsers tell where a request comes from (Origin, Sec-Fetch-Site); other programs send neither.</summary>
    private static bool IsFromOurPage(HttpRequest request)
    {
        var (origin, host) = (request["Origin"], request["Host"]);
        return request[ChangeHeader] == "1" && (request["Sec-Fetch-Site"] is "" or "same-origin") && (origin.Length == 0 || origin == $"http://{host}" || origin == $"https://{host}");
    }

    private bool IsOurs(string host)
    {
        var colon = host.LastIndexOf(':');
        var hasPort = colon > host.LastIndexOf(']');
        var name = hasPort ? host[..colon] : host;
        var port = hasPort ? host[(colon + 1)..] : "";
        return port.All(char.IsAsciiDigit) && (_hosts.Contains(name) || IPAddress.TryParse(name, out _));
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.Latin1.GetBytes(text));
}
