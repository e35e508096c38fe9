using System.Globalization;
using System.Reflection;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>Where the numbers come from.</summary>
/// <param name="Cores">As many as this process may use.</param>
/// <param name="Cpu">Its model.</param>
/// <param name="MemoryMiB">All of it.</param>
/// <param name="Kernel">Its release.</param>
/// <param name="Commit">Of this repository.</param>
/// <param name="Versions">Of what was measured.</param>
internal sealed record Machine(int Cores, string Cpu, long MemoryMiB, string Kernel, string Commit, IReadOnlyDictionary<string, string> Versions)
{
    public static Machine Read() => new(
        Environment.ProcessorCount,
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown",
        KiB("MemTotal") >> 10,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Places.Commit(),
        new Dictionary<string, string>
        {
            [".NET"] = Environment.Version.ToString(),
            ["Akka"] = typeof(Akka.Actor.ActorSystem).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
            ["python3"] = Places.Python is { } python ? Places.OutputOf(python, "-c", "import platform; print(platform.python_version())")! : "missing",
            // nc has no option that tells its version.
            ["socat"] = Debian("socat", "socat"),
            ["netcat-openbsd"] = Debian("nc", "netcat-openbsd"),
            ["ncat"] = Debian("ncat", "ncat"),
            ["iperf3"] = Debian("iperf3", "iperf3"),
        });

    public static long AvailableMemoryBytes() => KiB("MemAvailable") << 10;

    public override string ToString() =>
        $"{Cores} cores ({Cpu}), {MemoryMiB} MiB of memory, Linux {Kernel}; ActorSockets {Commit}, {string.Join(", ", Versions.Select(v => $"{v.Key} {v.Value}"))}";

    private static string Debian(string program, string package) =>
        Places.OnPath(program) is null ? "missing" : Places.OutputOf("dpkg-query", "-W", "-f", "${Version}", package) is { Length: > 0 } version ? version : "not a Debian package here";

    private static long KiB(string name) => long.Parse(
        File.ReadLines("/proc/meminfo").First(l => l.StartsWith(name + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
