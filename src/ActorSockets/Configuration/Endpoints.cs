using System.Net;
using System.Net.Sockets;

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

    /// <summary>Whether this can be an address or a name. A name that resolvers read as a number, such as 10 or 0x7f000001, is neither.</summary>
    public static bool IsHost(string host) => ParseAddress(host) is not null
        || !IPAddress.TryParse(host, out _) && host.All(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_') && !host.Split('.')[^1].All(char.IsAsciiDigit);

    /// <summary>Four decimal numbers, or IPv6 without brackets. .NET alone also takes 10 for 0.0.0.10, and 010.0.0.1 for 8.0.0.1.</summary>
    internal static IPAddress? ParseAddress(string text) => IPAddress.TryParse(text, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 ? !text.StartsWith('[') : address.ToString() == text) ? address : null;

    internal static IPEndPoint Unmap(IPEndPoint endpoint) =>
        endpoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endpoint.Address.MapToIPv4(), endpoint.Port) : endpoint;
}
