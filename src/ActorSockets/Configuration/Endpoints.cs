using System.Net;

namespace ActorSockets.Configuration;

/// <summary>Host and port as people write them.</summary>
public static class Endpoints
{
    /// <summary><c>host:port</c>, with brackets around an IPv6 address.</summary>
    public static string Format(string host, int port) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";

    /// <summary><c>address:port</c>; an IPv4 address that came in over an IPv6 socket is shown as IPv4.</summary>
    public static string Format(EndPoint? endpoint) => endpoint switch
    {
        IPEndPoint ip => Unmap(ip).ToString(),
        null => "an unknown endpoint",
        _ => endpoint.ToString() ?? "",
    };

    /// <summary>Whether this can be an address or a name. What has only digits behind its last dot would be an IPv4 address.</summary>
    public static bool IsHost(string host) => IPAddress.TryParse(host, out _)
        || host.All(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_') && !host.Split('.')[^1].All(char.IsAsciiDigit);

    internal static IPEndPoint Unmap(IPEndPoint endpoint) =>
        endpoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endpoint.Address.MapToIPv4(), endpoint.Port) : endpoint;
}
