using System.Text.RegularExpressions;
using ActorSockets.Configuration;
using ActorSockets.Host.Reporting;
using Akka.Configuration.Hocon;

namespace ActorSockets.Host.Configuration;

/// <summary>Every setting that would be in force, and where it came from.</summary>
internal static partial class EffectiveSettings
{
    private const int WidestSetting = 70;

    private static readonly Dictionary<string, string> Entries = new() { ["servers"] = "server-defaults", ["targets"] = "target-defaults" };

    /// <summary>HOCON, a setting a line, with its origin as a comment.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<RunEvents.Setting> settings)
    {
        var lines = settings.Select(s => (Setting: $"{s.Path} = {s.Value}", s.Origin)).ToArray();
        var width = lines.Max(s => Math.Min(WidestSetting, s.Setting.Length));
        return lines.Select(s => $"{s.Setting.PadRight(width)}  # {Printable.Of(s.Origin)}");
    }

    /// <summary>Each setting.</summary>
    public static IReadOnlyList<RunEvents.Setting> Of(Layers layers)
    {
        var settings = new List<RunEvents.Setting>();
        var (written, known) = (Root(layers.Effective), Root(ProgramSettings.Reference));
        foreach (var (key, value) in known.Items)
        {
            if (Entries.TryGetValue(key, out var defaults))
            {
                foreach (var name in Inside(written, key)?.Items.Keys ?? Enumerable.Empty<string>())
                    Add(known.Items[defaults].GetObject(), [key, name], [defaults]);
            }
            else if (!Entries.ContainsValue(key))
            {
                Add(new HoconObject { Items = { [key] = value } }, [], []);
            }
        }

        if (layers.Effective.HasPath("akka"))
            AddAll(layers.Effective.GetValue("akka").GetObject(), ["akka"]);
        return settings;

        // Each setting of a section, from the entry itself or from the defaults of its kind.
        void Add(HoconObject section, string[] path, string[] defaultsPath)
        {
            foreach (var (key, reference) in section.Items)
            {
                var (own, shared) = (path.Append(key).ToArray(), defaultsPath.Append(key).ToArray());
                var isOwn = Find(written, own) is not null;
                if (reference.IsObject() && reference.GetObject().Items.Count > 0)
                    Add(reference.GetObject(), own, shared);
                else if (Find(written, isOwn ? own : shared) is { } value)
                    settings.Add(new RunEvents.Setting(Path(own), Text(value), Origin(isOwn ? own : shared, isOwn ? "" : shared[0])));
                else
                    settings.Add(new RunEvents.Setting(Path(own), Text(reference), "default"));
            }
        }

        // Settings that reference.conf does not list.
        void AddAll(HoconObject section, string[] path)
        {
            foreach (var (key, value) in section.Items)
            {
                string[] here = [.. path, key];
                if (value.IsObject())
                    AddAll(value.GetObject(), here);
                else
                    settings.Add(new RunEvents.Setting(string.Join('.', here.Select(Key)), Text(value), layers.OriginOf(here) ?? "default"));
            }
        }

        string Origin(string[] path, string defaults)
        {
            var origin = layers.OriginOf([ActorSocketsSettings.Root, .. path]) ?? "default";
            return defaults.Length == 0 || path.Length == 1 || origin.StartsWith('-') ? origin : $"{defaults} in {origin}";
        }
    }

    private static HoconObject Root(Akka.Configuration.Config config) => config.GetValue(ActorSocketsSettings.Root).GetObject();

    private static HoconObject? Inside(HoconObject section, string key) =>
        section.Items.TryGetValue(key, out var value) && value.IsObject() ? value.GetObject() : null;

    private static HoconValue? Find(HoconObject section, string[] path)
    {
        foreach (var key in path[..^1])
        {
            if (Inside(section, key) is not { } next)
                return null;
            section = next;
        }

        return section.Items.GetValueOrDefault(path[^1]);
    }

    private static string Path(string[] path) => $"{ActorSocketsSettings.Root}.{string.Join('.', path.Select(Key))}";

    private static string Text(HoconValue value)
    {
        if (value.IsObject())
            return $"{{ {string.Join(", ", value.GetObject().Items.Select(i => $"{Key(i.Key)} = {Text(i.Value)}"))} }}".Replace("{  }", "{ }", StringComparison.Ordinal);
        if (value.IsArray())
            return $"[{string.Join(", ", value.GetArray().Select(Text))}]";
        var text = SettingsSection.Exact(value);
        return Plain().IsMatch(text) ? text : Printable.Quoted(text);
    }

    private static string Key(string key) => Plain().IsMatch(key) ? key : Printable.Quoted(key);

    [GeneratedRegex("^[A-Za-z0-9_-]+$")]
    private static partial Regex Plain();
}
