using ActorSockets.Host.Reporting;

namespace ActorSockets.Host.Configuration;

/// <summary>
/// The settings in force as text, apart: those of each server and each target, with the defaults that they use, and all others. Two
/// configurations with the same text do the same.
/// </summary>
/// <param name="Servers">By name.</param>
/// <param name="Targets">By name.</param>
/// <param name="Payloads">Of each target, what it delivers when it starts.</param>
/// <param name="Others">By path.</param>
internal sealed record EffectiveEntries(
    IReadOnlyDictionary<string, string> Servers, IReadOnlyDictionary<string, string> Targets, IReadOnlyDictionary<string, string> Payloads,
    IReadOnlyDictionary<string, string> Others)
{
    private const string ServerPath = $"{ActorSocketsSettings.Root}.servers.", TargetPath = $"{ActorSocketsSettings.Root}.targets.";

    public static EffectiveEntries Of(Layers layers)
    {
        var settings = EffectiveSettings.Of(layers);
        return new EffectiveEntries(
            Entries(settings, ServerPath, ""), Entries(settings, TargetPath, ""), Entries(settings, TargetPath, "payload"),
            settings.Where(s => !s.Path.StartsWith(ServerPath, StringComparison.Ordinal) && !s.Path.StartsWith(TargetPath, StringComparison.Ordinal))
                .ToDictionary(s => s.Path, s => s.Value, StringComparer.Ordinal));
    }

    /// <summary>Paths of other settings whose values differ.</summary>
    public IEnumerable<string> OthersSince(EffectiveEntries before) =>
        Others.Keys.Union(before.Others.Keys).Where(path => Others.GetValueOrDefault(path) != before.Others.GetValueOrDefault(path));

    /// <summary>The settings of each entry whose names begin so.</summary>
    private static Dictionary<string, string> Entries(IEnumerable<RunEvents.Setting> settings, string path, string beginning) =>
        settings.Where(s => s.Path.StartsWith(path, StringComparison.Ordinal))
            .Select(s => (Name: Name(s.Path[path.Length..]), s.Value))
            .GroupBy(s => s.Name.Entry, StringComparer.Ordinal)
            .ToDictionary(
                entry => entry.Key,
                entry => string.Join('\n', entry.Where(s => s.Name.Setting.StartsWith(beginning, StringComparison.Ordinal)).Select(s => $"{s.Name.Setting} = {s.Value}")),
                StringComparer.Ordinal);

    /// <summary><c>a.port</c>, or <c>"10.0.0.1".port</c>: names with dots are quoted, and no name has a quote.</summary>
    private static (string Entry, string Setting) Name(string path)
    {
        var end = path[0] == '"' ? path.IndexOf('"', 1) : path.IndexOf('.', StringComparison.Ordinal);
        return path[0] == '"' ? (path[1..end], path[(end + 2)..]) : (path[..end], path[(end + 1)..]);
    }
}
