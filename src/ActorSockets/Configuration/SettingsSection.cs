using System.Globalization;
using System.Text.RegularExpressions;
using Akka.Configuration.Hocon;

namespace ActorSockets.Configuration;

/// <summary>
/// A section of the configuration: a named entry first, then the defaults of its kind. A wrong value adds an error with its
/// path and reads as a harmless value, so that one reading finds every error.
/// </summary>
internal sealed partial class SettingsSection(List<SettingError> errors, params (string Path, HoconObject Values)[] layers)
{
    /// <summary>The section that all settings live in.</summary>
    public const string Root = "actor-sockets";

    /// <summary>Where this section stands.</summary>
    public string Path => layers[0].Path;

    /// <summary>Whether an error was found so far, here or in another section.</summary>
    public bool HasErrors => errors.Count > 0;

    public IEnumerable<string> Keys => layers[0].Values.Items.Keys;

    public void Reject(string key, string message) => errors.Add(new SettingError(Find(key)?.Path ?? $"{Path}.{key}", message));

    /// <summary>An error about a setting that each entry has to make itself: never about the defaults.</summary>
    public void RejectMissing(string key, string needs) => errors.Add(new SettingError($"{Path}.{key}", $"is missing: needs {needs}"));

    /// <summary>A section inside this one, from the first layer that has it, whole: two layers are not mixed.</summary>
    public SettingsSection Replaceable(string key) => new(errors, Objects(key).DefaultIfEmpty(($"{Path}.{key}", new HoconObject())).First());

    /// <summary>A section inside this one, each of its settings from the first layer that has it.</summary>
    public SettingsSection Merged(string key) => new(errors, [.. Objects(key).DefaultIfEmpty(($"{Path}.{key}", new HoconObject()))]);

    public string Text(string key) => Read(key, "", v => v.IsArray() ? throw new FormatException() : Exact(v), "a text");

    /// <summary>Whether the setting is this word; it may be something else that is read otherwise.</summary>
    public bool Is(string key, string word) => Find(key) is { Value: var value } && Plain(value) == word;

    public string Host(string key)
    {
        var host = Text(key);
        if (string.IsNullOrWhiteSpace(host))
            Reject(key, "is empty: needs an IP address or a host name");
        else if (!Endpoints.IsHost(host))
            Reject(key, $"'{host}' is neither an IP address nor a host name{(host == "*" ? " (0.0.0.0 listens on all IPv4 interfaces)" : "")}");
        return host;
    }

    /// <summary>A list of texts; an empty one is an error.</summary>
    public IList<string> Texts(string key, string ifEmpty)
    {
        var texts = Read<IList<string>?>(key, null, TextsOf, "a list such as [\"one\", \"two\"]");
        if (texts is { Count: 0 })
            Reject(key, ifEmpty);
        return texts ?? [];
    }

    public bool Switch(string key) => Read(key, false, v => v.GetBoolean(), "on or off");

    public int Int(string key, int min, int max) =>
        Within(key, Read(key, min, v => int.Parse(Plain(v), CultureInfo.InvariantCulture), $"a whole number from {min} to {max}"),
            min, max, n => n.ToString(CultureInfo.InvariantCulture));

    /// <summary>A port that each entry has to name: 0 in the defaults stands for none.</summary>
    public int Port(string key)
    {
        if (layers[0].Values.Items.ContainsKey(key) || Find(key) is not { Value: var value } || Plain(value) != "0")
            return Int(key, 1, 65535);
        RejectMissing(key, "a port from 1 to 65535");
        return 1;
    }

    public long Bytes(string key, long min, long max) =>
        Within(key, Read(key, min, v => Sizes.Parse(Plain(v)) ?? throw new FormatException(), "a size such as 64KiB or 16MiB"),
            min, max, Sizes.Format);

    /// <summary>Not with Akka's reader, which takes "infinite" for -1 ms, and a number without a unit for milliseconds.</summary>
    public TimeSpan Duration(string key, TimeSpan min, TimeSpan max) =>
        Within(key, Read(key, min, v => Durations.Parse(Plain(v)) ?? throw new FormatException(), "a duration such as 500ms, 2s or 5m"), min, max, Durations.Format);

    /// <summary>One of an enum's names, in lower case with '-' between words.</summary>
    public T Choice<T>(string key) where T : struct, Enum
    {
        var allowed = Enum.GetValues<T>().ToDictionary(v => KebabCase(v.ToString()), StringComparer.Ordinal);
        return allowed[OneOf(key, [.. allowed.Keys])];
    }

    public string OneOf(string key, IReadOnlyList<string> allowed)
    {
        var written = Text(key);
        if (allowed.Contains(written))
            return written;
        var nearest = Nearest.To(written, allowed);
        Reject(key, $"'{written}' is not one of {string.Join(", ", allowed)}{(nearest is null ? "" : $" (did you mean {nearest}?)")}");
        return allowed[0];
    }

    private T Read<T>(string key, T ifWrong, Func<HoconValue, T> read, string expected)
    {
        if (Find(key) is not { } found)
        {
            errors.Add(new SettingError($"{Path}.{key}", $"is missing: needs {expected}"));
            return ifWrong;
        }

        try
        {
            if (found.Value.IsObject())
                throw new FormatException();
            return read(found.Value);
        }
        catch (Exception e) when (e is FormatException or OverflowException or NotSupportedException or InvalidOperationException
            or NullReferenceException)
        {
            errors.Add(new SettingError(found.Path, $"'{Plain(found.Value)}' is not {expected}"));
            return ifWrong;
        }
    }

    private T Within<T>(string key, T value, T min, T max, Func<T, string> format) where T : IComparable<T>
    {
        if (value.CompareTo(min) >= 0 && value.CompareTo(max) <= 0)
            return value;
        Reject(key, $"{(Find(key) is { } found ? Plain(found.Value) : "")} is out of range: {format(min)} to {format(max)}");
        return min;
    }

    private (string Path, HoconValue Value)? Find(string key)
    {
        foreach (var (path, values) in layers)
        {
            if (values.Items.TryGetValue(key, out var value))
                return ($"{path}.{key}", value);
        }

        return null;
    }

    private IEnumerable<(string Path, HoconObject Values)> Objects(string key) =>
        from layer in layers
        where layer.Values.Items.ContainsKey(key) && layer.Values.Items[key].IsObject()
        let values = layer.Values.Items[key].GetObject()
        where values.Items.Count > 0
        select ($"{layer.Path}.{key}", values);

    private static IList<string> TextsOf(HoconValue value)
    {
        // An empty list is not an array to Akka (1.5.74), but it is no text either.
        if (!value.IsArray())
            return Plain(value).Length == 0 ? [] : throw new FormatException();
        var texts = value.GetStringList();
        return texts.Contains(null!) ? throw new FormatException() : texts;
    }

    /// <summary>The text with its own white space: Akka (1.5.74) trims quoted texts too.</summary>
    internal static string Exact(HoconValue value)
    {
        if (value.GetString() is not { } trimmed)
            return "";
        var parts = value.Values.ToList();
        while (parts.Count > 1 && parts[^1] is HoconLiteral { Value: var last } && last.All(c => c is ' ' or '\t'))
            parts.RemoveAt(parts.Count - 1);
        return parts is [HoconLiteral { Value: var text }] ? text : trimmed;
    }

    private static string Plain(HoconValue value) => value.IsObject() ? "{ … }" : value.IsArray() ? "[ … ]" : value.GetString()?.Trim() ?? "";

    private static string KebabCase(string name) => WordStart().Replace(name, "-$0").ToLowerInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
