using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;

namespace ActorSockets.Servers;

/// <summary>
/// Finds servers that cannot listen together: one port on the same address, or on an address and a wildcard that includes it.
/// </summary>
internal static class SharedPorts
{
    public static void Check(IEnumerable<ServerSettings> servers, List<SettingError> errors, List<SettingError> warnings)
    {
        foreach (var port in servers.Where(s => s.Port > 0).GroupBy(s => s.Port).Where(g => g.Count() > 1))
        {
            var earlier = new List<(ServerSettings Server, IPAddress? Address)>();
            foreach (var server in port)
            {
                var address = Address(server.Host);
                Check((server, address), earlier, errors, warnings);
                earlier.Add((server, address));
            }
        }
    }

    private static void Check((ServerSettings Server, IPAddress? Address) one, List<(ServerSettings Server, IPAddress? Address)> earlier,
        List<SettingError> errors, List<SettingError> warnings)
    {
        var (server, address) = one;
        var path = $"{Name(server)}.port";
        if (earlier.Find(e => Key(e) == Key(one)).Server is { } same)
            errors.Add(new SettingError(path, $"{server.Endpoint} is already the address of {Name(same)}"));
        else if (earlier.Find(e => Includes(e.Address, address) || Includes(address, e.Address)).Server is { } other)
            errors.Add(new SettingError(path, $"{server.Endpoint} overlaps {other.Endpoint} of {Name(other)}"));
        else if (earlier.Find(e => e.Address is null ? IsWildcard(address) : address is null && IsWildcard(e.Address)).Server is { } perhaps)
            warnings.Add(new SettingError(path, $"{server.Endpoint} may overlap {perhaps.Endpoint} of {Name(perhaps)}, depending on what the name resolves to"));
    }

    private static string Key((ServerSettings Server, IPAddress? Address) server) => server.Address?.ToString() ?? server.Server.Host.ToLowerInvariant();

    private static bool IsWildcard(IPAddress? address) => IPAddress.Any.Equals(address) || IPAddress.IPv6Any.Equals(address);

    /// <summary>:: listens on IPv4 too.</summary>
    private static bool Includes(IPAddress? wildcard, IPAddress? address) => address is not null
        && (IPAddress.IPv6Any.Equals(wildcard) || IPAddress.Any.Equals(wildcard) && address.AddressFamily == AddressFamily.InterNetwork);

    private static string Name(ServerSettings server) => $"{SettingsSection.Root}.servers.{server.Name}";

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
