using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>What a command line asks for, and where its results go.</summary>
/// <param name="Rounds">Rounds that count.</param>
/// <param name="Bytes">Size of a bulk payload.</param>
/// <param name="Only">Words of the names of the peers to run; none: all. Ours always runs.</param>
/// <param name="Report">Where results go.</param>
/// <param name="Scratch">A directory for payloads and configurations, which goes at the end.</param>
internal sealed record Bench(int Rounds, long Bytes, IReadOnlyList<string> Only, Report Report, string Scratch)
{
    public double MiB => Bytes / (1024.0 * 1024);

    public string Size => Bytes % (1L << 30) == 0 ? $"{Bytes >> 30} GiB" : string.Create(CultureInfo.InvariantCulture, $"{MiB:0.##} MiB");

    /// <summary>Generous: at 50 MiB/s it would still end.</summary>
    public TimeSpan BulkTimeout => TimeSpan.FromSeconds(30 + MiB / 50);

    public bool Takes(string name) =>
        name.StartsWith(Contest.Ours, StringComparison.Ordinal) || Only.Count == 0 || Only.Any(o => Regex.IsMatch(name, $@"(?<!\S){Regex.Escape(o)}(?![^\s,])", RegexOptions.IgnoreCase));

    /// <summary>A file of so many bytes, made once.</summary>
    public string Payload(long bytes)
    {
        var path = Path.Combine(Scratch, $"payload-{bytes}");
        if (File.Exists(path))
            return path;
        var block = new byte[1 << 20];
        new Random(1).NextBytes(block);
        using var file = File.Create(path);
        for (var left = bytes; left > 0; left -= block.Length)
            file.Write(block.AsSpan(0, (int)Math.Min(left, block.Length)));
        return path;
    }

    /// <summary>A HOCON file for <c>run</c>.</summary>
    public string Configuration(string name, string hocon)
    {
        var path = Path.Combine(Scratch, name + ".conf");
        File.WriteAllText(path, hocon);
        return path;
    }
}
