using System.Net;
using System.Net.Sockets;
using ActorSockets.Servers;

namespace ActorSockets.Configuration;

/// <summary>
/// Finds servers that cannot listen together: one port on the same address, or on an address and the wildcard of its family.
/// 0.0.0.0 and :: share a port, because sockets for :: are IPv6 only.
/// </summary>
internal static class SharedPorts
{
    public static void Check(IEnumerable<ServerSettings> servers, List<SettingError> errors, List<SettingError> warnings)
    {
        foreach (var port in servers.Where(s => s.Port > 0).GroupBy(s => s.Port))
        {
            var earlier = new Dictionary<string, ServerSettings>(StringComparer.OrdinalIgnoreCase);
            var families = new Dictionary<AddressFamily, ServerSettings>();
            var wildcards = new Dictionary<AddressFamily, ServerSettings>();
            foreach (var server in port)
            {
                var address = Address(server.Host);
                var isWildcard = address is not null && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));
                // The family of a name is not known before it is resolved.
                var family = address?.AddressFamily ?? AddressFamily.Unspecified;
                var (path, key) = ($"{ActorSocketsSettings.Root}.servers.{server.Name}.port", address?.ToString() ?? server.Host);
                if (earlier.TryGetValue(key, out var same))
                    errors.Add(new SettingError(path, $"{server.Endpoint} is already the address of {Name(same)}"));
                else if ((isWildcard ? families : wildcards).TryGetValue(family, out var other))
                    errors.Add(new SettingError(path, $"{server.Endpoint} overlaps {other.Endpoint} of {Name(other)}"));
                else if (address is null ? wildcards.Values.FirstOrDefault() is { } wildcard : isWildcard & families.TryGetValue(AddressFamily.Unspecified, out wildcard))
                    warnings.Add(new SettingError(path, $"{server.Endpoint} may overlap {wildcard!.Endpoint} of {Name(wildcard)}, depending on what the name resolves to"));
                earlier.TryAdd(key, server);
                families.TryAdd(family, server);
                if (isWildcard)
                    wildcards.TryAdd(family, server);
            }
        }
    }

    private static string Name(ServerSettings server) => $"{ActorSocketsSettings.Root}.servers.{server.Name}";

    /// <summary>Null for a name, except for localhost, which resolves without asking the network (RFC 6761).</summary>
    private static IPAddress? Address(string host)
    {
        if (Endpoints.ParseAddress(host) is { } address)
            return address;
        if (!host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return null;
        try
        {
            return Dns.GetHostAddresses(host).FirstOrDefault();
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
