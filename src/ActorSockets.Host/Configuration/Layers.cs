using System.Text;
using ActorSockets.Configuration;
using Akka.Configuration;

namespace ActorSockets.Host.Configuration;

/// <summary>A setting that an option of the command line makes.</summary>
/// <param name="Option">The option as it is written.</param>
/// <param name="Path">The setting's path, inside <c>actor-sockets</c>.</param>
/// <param name="Value">Its value, as HOCON.</param>
internal sealed record OptionSetting(string Option, IReadOnlyList<string> Path, string Value);

/// <summary>
/// The configuration of a run: <c>--set</c>, then options, then a file. The first one that has a setting wins; below
/// them are the library's defaults. Every setting knows its origin: an option, or a file and a line.
/// </summary>
internal sealed class Layers
{
    private const string Set = "--set";
    private const string CommandLine = "the command line";

    private readonly List<HoconDocument> _layers = [];
    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);

    /// <param name="file">The lowest layer, or null.</param>
    /// <param name="options">Of two for the same setting the later one wins.</param>
    /// <param name="overrides"><c>PATH=VALUE</c>, likewise.</param>
    /// <exception cref="SettingsException">One of them is not HOCON.</exception>
    public Layers(HoconDocument? file, IReadOnlyCollection<OptionSetting> options, IEnumerable<string> overrides)
    {
        _layers.AddRange(overrides.Reverse().Select(Parse));
        if (options.Count > 0)
            _layers.Add(HoconText.Read(Hocon(options), CommandLine, hasLines: false));
        foreach (var option in options)
            _options[Joined([ActorSocketsSettings.Root, .. option.Path])] = option.Option;
        if (file is not null)
            _layers.Add(file);

        // An empty configuration with a fallback is not what its fallback is (Akka 1.5.74).
        Effective = _layers.Select(l => l.Config).Where(c => !c.IsEmpty).Reverse()
            .Aggregate((Config?)null, (below, above) => below is null ? above : above.WithFallback(below)) ?? Config.Empty;
    }

    /// <summary>What a stream must be before its end is sent; null: anything.</summary>
    public Expectation? Expected { get; init; }

    /// <summary>All layers in one, without the library's defaults.</summary>
    public Config Effective { get; }

    /// <summary>The origin of this setting, or null when no layer has it.</summary>
    public string? OriginOf(IReadOnlyList<string> path)
    {
        foreach (var layer in _layers.Where(layer => !layer.Config.IsEmpty && Has(layer.Config.Root, path)))
        {
            return layer.HasLines
                ? layer.Place(layer.Outline.Along(path).LastOrDefault(node => node.Line > 0)?.Line ?? 1)
                : Option(layer, Joined(path)) ?? layer.Source;
        }

        return null;
    }

    /// <summary>The error with the origin of its setting in front; a missing setting has that of the section that lacks it.</summary>
    public SettingError Explain(SettingError error)
    {
        var found = _layers.Select(layer => (Layer: layer, Node: layer.Outline.Along(error.Where).LastOrDefault(node => node.Line > 0)))
            .Where(l => l.Node is not null).ToArray();
        if (found.Length == 0)
            return error;
        var nearest = found.Where(l => l.Node!.Depth == found.Max(other => other.Node!.Depth)).ToArray();
        // The first layer that has a setting wins; a section may be in several, and its place is the file, the last one.
        var (layer, node) = nearest.FirstOrDefault(l => l.Node!.Children.Count == 0, nearest[^1]);
        return error with { Where = $"{Option(layer, error.Where) ?? layer.Place(node!.Line)}: {error.Where}" };
    }

    /// <summary>The value as HOCON.</summary>
    public static string Quoted(string value) => Printable.Quoted(value);

    /// <summary>The option that makes a setting, or one beside it.</summary>
    private string? Option(HoconDocument layer, string path)
    {
        if (layer.Source != CommandLine)
            return null;
        if (_options.TryGetValue(path, out var exact))
            return exact;
        var option = _options.Keys.Where(o => path.StartsWith($"{o}.", StringComparison.Ordinal)).MaxBy(o => o.Length)
            ?? _options.Keys.FirstOrDefault(o => o.StartsWith(path[..(path.LastIndexOf('.') + 1)], StringComparison.Ordinal));
        return option is null ? null : _options[option];
    }

    private static bool Has(Akka.Configuration.Hocon.HoconValue value, IEnumerable<string> path)
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

    private static HoconDocument Parse(string assignment)
    {
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        var (path, value) = (assignment[..equals].Trim(), assignment[(equals + 1)..].Trim());
        // Everything but a section, a list or a quoted text is one text, so that a user needs a shell's quotes only.
        var hocon = HoconText.Read($"{path} = {(value.StartsWith('{') || value.StartsWith('[') || value.StartsWith('"') ? value : Quoted(value))}",
            $"{Set} {path}", hasLines: false);
        Sections.Check(hocon, "");
        return hocon.Config.HasPath(path) ? hocon : throw new SettingsException($"{Set} {path}", "is not a path of names with dots between them");
    }

    private static string Joined(IEnumerable<string> path) => string.Join('.', path);
}
