using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Benchmarks.Measuring;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// A name server that never answers, for one process: a UDP socket that nobody reads, and an /etc/resolv.conf that names it, in a
/// mount namespace of that process. Nothing else of the machine is changed.
/// </summary>
internal sealed class SilentResolver : IDisposable
{
    // The port is given; the address is one of loopback that nobody else listens on.
    private static readonly IPEndPoint Address = new(IPAddress.Parse("127.53.53.53"), 53);

    private static readonly TimeSpan LongerThanAnAnswer = TimeSpan.FromSeconds(2);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly string _configuration;

    private SilentResolver(string scratch)
    {
        _configuration = Path.Combine(scratch, "resolv.conf");
        // Four minutes for a name: longer than any run.
        File.WriteAllText(_configuration, $"nameserver {Address.Address}\noptions timeout:30 attempts:8\n");
        _socket.Bind(Address);
    }

    /// <returns>The resolver; or null, and why this machine cannot have one.</returns>
    public static (SilentResolver? Resolver, string? Missing) TryStart(string scratch)
    {
        if (Places.OnPath("unshare") is null)
            return (null, "missing (Debian package util-linux)");
        SilentResolver? resolver = null;
        try
        {
            resolver = new SilentResolver(scratch);
            var command = resolver.For(new Launch("getent", ["hosts", Name(0)]));
            using var asking = Process.Start(new ProcessStartInfo(command.Program, command.Arguments) { RedirectStandardError = true })!;
            if (!asking.WaitForExit(LongerThanAnAnswer))
            {
                asking.Kill();
                return (resolver, null);
            }

            resolver.Dispose();
            return (null, $"no silent name server: {(asking.StandardError.ReadToEnd().Trim() is { Length: > 0 } said ? said : "names do not come from /etc/resolv.conf")}");
        }
        catch (Exception e) when (e is SocketException or Win32Exception)
        {
            resolver?.Dispose();
            return (null, $"no silent name server at {Address}: {e.Message} (needs root)");
        }
    }

    /// <summary>A name that only the name server would know.</summary>
    public static string Name(int number) => $"n{number}.silent.example";

    /// <summary>The same process, which asks this name server.</summary>
    public Launch For(Launch launch) => launch with
    {
        Program = "unshare",
        Arguments = [Environment.IsPrivilegedProcess ? "-m" : "-rm", "sh", "-c", $"mount --bind '{_configuration}' /etc/resolv.conf && exec \"$0\" \"$@\"", launch.Program, .. launch.Arguments],
    };

    public void Dispose() => _socket.Dispose();
}
