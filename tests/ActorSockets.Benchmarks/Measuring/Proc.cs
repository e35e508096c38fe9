using System.Globalization;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>What Linux tells about a process (proc(5)).</summary>
internal static class Proc
{
    private const double TicksPerSecond = 100;
    private const string Listening = "0A";

    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>User and system time, in seconds.</summary>
    public static double CpuSeconds(int pid)
    {
        var fields = FieldsOf(pid);
        return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
    }

    /// <summary>The same of a process and its children, those included that have ended.</summary>
    public static double CpuSecondsOfFamily(int pid)
    {
        // utime, stime, cutime and cstime.
        var seconds = FieldsOf(pid)[11..15].Sum(Number) / TicksPerSecond;
        foreach (var child in File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                seconds += CpuSeconds((int)Number(child));
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return seconds;
    }

    /// <summary><c>VmHWM</c> (peak) or <c>VmRSS</c> (now), in KiB; 0 when the process is gone.</summary>
    public static long MemoryKiB(int pid, string name)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.Ordinal));
            return line is null ? 0 : Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>The port that a process listens on; null when on none. It needs nothing of the process, so that it is the same for all.</summary>
    public static int? ListeningPort(int pid)
    {
        var sockets = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var handle in new DirectoryInfo($"/proc/{pid}/fd").EnumerateFiles())
            {
                if (handle.LinkTarget is { } target && target.StartsWith("socket:[", StringComparison.Ordinal))
                    sockets.Add(target[8..^1]);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        foreach (var table in Tables.Where(File.Exists))
        {
            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[3] == Listening && sockets.Contains(fields[9]))
                    return int.Parse(fields[1].AsSpan(fields[1].IndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
        }

        return null;
    }

    /// <summary>Bytes that went over loopback since the machine started.</summary>
    public static long LoopbackBytes()
    {
        var line = File.ReadLines("/proc/net/dev").First(l => l.TrimStart().StartsWith("lo:", StringComparison.Ordinal));
        return Number(line[(line.IndexOf(':') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
    }

    /// <summary>File handles that a process may raise its limit to.</summary>
    public static long HandleLimit()
    {
        var hard = File.ReadLines("/proc/self/limits").First(l => l.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        return hard == "unlimited" ? long.MaxValue : Number(hard);
    }

    /// <summary>Of /proc/PID/stat, behind the name in brackets, which may have spaces: utime and stime are the 12th and 13th of them.</summary>
    private static string[] FieldsOf(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static long Number(string digits) => long.Parse(digits, CultureInfo.InvariantCulture);
}
