using System.Text;
using ActorSockets.Configuration;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace ActorSockets.Host.Configuration;

/// <summary>A setting that an option of the command line makes.</summary>
/// <param name="Option">The option as it is written.</param>
/// <param name="Path">The setting's path, inside <c>actor-sockets</c>.</param>
/// <param name="Value">Its value, as HOCON.</param>
internal sealed record OptionSetting(string Option, IReadOnlyList<string> Path, string Value);

/// <summary>
/// What a run is configured with: <c>--set</c>, then options, then a file. The first one that has a setting wins; below
/// them are the library's defaults. Every setting knows where it came from.
/// </summary>
internal sealed class Layers
{
    private readonly List<(string Name, Config Config)> _layers = [];
    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);

    /// <param name="file">The lowest layer, a file or nothing.</param>
    /// <param name="options">Of two for the same setting the later one wins.</param>
    /// <param name="overrides"><c>PATH=VALUE</c>, likewise.</param>
    /// <exception cref="SettingsException">Something is wrong with the text of one of them.</exception>
    public Layers((string Name, Config Config)? file, IReadOnlyCollection<OptionSetting> options, IEnumerable<string> overrides)
    {
        foreach (var assignment in overrides.Reverse())
            _layers.Add(($"--set {Path(assignment)}", Parse(assignment)));
        if (options.Count > 0)
            _layers.Add(("the command line", HoconText.Parse(Hocon(options), "the command line")));
        foreach (var option in options)
            _options[Joined([ActorSocketsSettings.Root, .. option.Path])] = option.Option;
        if (file is not null)
            _layers.Add(file.Value);

        // An empty configuration with a fallback is not what its fallback is (Akka 1.5.74).
        Effective = _layers.Select(l => l.Config).Where(c => !c.IsEmpty).Reverse()
            .Aggregate((Config?)null, (below, above) => below is null ? above : above.WithFallback(below)) ?? Config.Empty;
    }

    /// <summary>All layers in one, without the library's defaults.</summary>
    public Config Effective { get; }

    /// <summary>Where the setting of this path came from, or null when no layer has it.</summary>
    public string? OriginOf(IReadOnlyList<string> path)
    {
        foreach (var (name, config) in _layers)
        {
            if (!config.IsEmpty && Has(config.Root, path))
                return name == "the command line" ? _options.GetValueOrDefault(Joined(path), name) : name;
        }

        return null;
    }

    /// <summary>An error about a setting that an option has made names the option.</summary>
    public SettingError Explain(SettingError error) =>
        _options.TryGetValue(error.Where, out var option) ? error with { Where = $"{option} ({error.Where})" } : error;

    /// <summary>The value as a HOCON text.</summary>
    public static string Quoted(string value) =>
        $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static bool Has(HoconValue value, IEnumerable<string> path)
    {
        foreach (var key in path)
        {
            if (!value.IsObject() || !value.GetObject().Items.TryGetValue(key, out value!))
                return false;
        }

        return true;
    }

    private static string Hocon(IEnumerable<OptionSetting> options)
    {
        var hocon = new StringBuilder();
        foreach (var option in options)
        {
            hocon.Append(ActorSocketsSettings.Root);
            foreach (var key in option.Path)
                hocon.Append(" { ").Append(Quoted(key));
            hocon.Append(" = ").Append(option.Value).AppendLine(string.Concat(Enumerable.Repeat(" }", option.Path.Count)));
        }

        return hocon.ToString();
    }

    private static string Path(string assignment) => assignment[..assignment.IndexOf('=', StringComparison.Ordinal)].Trim();

    private static Config Parse(string assignment)
    {
        var (path, value) = (Path(assignment), assignment[(assignment.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim());
        // Everything but a section or a list is one text, so that a shell's quoting is all that a user needs to think of.
        var hocon = HoconText.Parse($"{path} = {(value.StartsWith('{') || value.StartsWith('[') || value.StartsWith('"') ? value : Quoted(value))}", $"--set {path}");
        ConfigurationFile.CheckSections(hocon, "");
        return hocon.HasPath(path) ? hocon : throw new SettingsException($"--set {path}", "is not a path of names with dots between them");
    }

    private static string Joined(IEnumerable<string> path) => string.Join('.', path);
}
