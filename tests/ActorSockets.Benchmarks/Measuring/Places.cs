using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>Where programs and payloads are.</summary>
internal static class Places
{
    private const string Memory = "/dev/shm";
    private const string ScratchPrefix = "actorsockets-benchmark-";

    private static readonly string Repository = FindRepository();

    /// <summary>ActorSockets.Host, compiled as it is in the tool's package.</summary>
    public static string Program { get; } = Path.Combine(Repository, "artifacts/benchmarks/program/ActorSockets.Host");

    /// <summary>This program, however it was started.</summary>
    public static string Peers { get; } = Path.Combine(AppContext.BaseDirectory, typeof(Places).Assembly.GetName().Name!);

    /// <summary>The interpreter itself: what PATH has may be a script that looks for it, which a cold start would count.</summary>
    public static string? Python { get; } = OnPath("python3") is { } python ? OutputOf(python, "-c", "import sys; print(sys.executable)") : null;

    public static string? OnPath(string program) => program.Contains('/', StringComparison.Ordinal)
        ? File.Exists(program) ? program : null
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(p => Path.Combine(p, program)).FirstOrDefault(File.Exists);

    /// <summary>All that it says on both streams; null when there is no such program.</summary>
    public static string? OutputOf(string program, params string[] arguments)
    {
        if (OnPath(program) is null)
            return null;
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardError.ReadToEndAsync().ContinueWith(_ => { }, TaskScheduler.Default);
        var said = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return said;
    }

    /// <summary>Memory when there is room for so many bytes twice, or the disk.</summary>
    public static string Scratch(long bytes)
    {
        Sweep(Memory);
        Sweep(Path.GetTempPath());
        var enough = Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > 2 * bytes && Machine.AvailableMemoryBytes() > 3 * bytes;
        var place = enough ? Memory : Path.GetTempPath();
        if (new DriveInfo(place).AvailableFreeSpace < 2 * bytes)
            throw new IOException($"{place} has no room for twice {bytes >> 20} MiB: give a smaller --size");
        return Directory.CreateDirectory(Path.Combine(place, $"{ScratchPrefix}{Environment.ProcessId}")).FullName;
    }

    /// <summary>What a run has left that was killed.</summary>
    private static void Sweep(string place)
    {
        if (!Directory.Exists(place))
            return;
        foreach (var left in Directory.EnumerateDirectories(place, ScratchPrefix + "*"))
        {
            if (!Directory.Exists($"/proc/{Path.GetFileName(left)[ScratchPrefix.Length..]}"))
                Directory.Delete(left, recursive: true);
        }
    }

    /// <summary>Compiles <see cref="Program"/>, which takes some ten seconds.</summary>
    public static void Publish()
    {
        var arguments = new[] { "publish", "src/ActorSockets.Host", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--no-self-contained", "-o", Path.GetDirectoryName(Program)!, "-v", "quiet", "--nologo" };
        using var publish = Process.Start(new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = Repository })!;
        publish.WaitForExit();
        if (publish.ExitCode != 0)
            throw new InvalidOperationException($"the program cannot be built: dotnet publish ended with {publish.ExitCode}");
    }

    /// <summary>The commit that is measured, and whether anything was changed since.</summary>
    public static string Commit() => OutputOf("git", "-C", Repository, "describe", "--always", "--dirty") ?? "unknown";

    private static string FindRepository()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "ActorSockets.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException("the benchmarks run inside the repository");
    }
}
