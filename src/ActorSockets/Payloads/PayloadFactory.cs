using ActorSockets.Configuration;
using ActorSockets.Platform;

namespace ActorSockets.Payloads;

/// <summary>The payloads that a configuration can name. A new one is a file beside this, a line here and one in the tests.</summary>
internal static class PayloadFactory
{
    private static readonly Dictionary<string, Func<SettingsSection, Payload>> Kinds = new()
    {
        ["text"] = section => new TextPayload(section.Text("text")),
        ["file"] = File,
        ["generated"] = section => new GeneratedPayload(section.Merged("generated").Bytes("size", 0, 1L << 60)),
    };

    public static IReadOnlyCollection<string> Names => Kinds.Keys;

    /// <summary>The one payload that the section describes; null when it is empty.</summary>
    public static Payload? From(SettingsSection section, IReadOnlyDictionary<string, Func<string, Payload>> others)
    {
        // Not a payload, but what its receiver is to call it.
        const string Name = "name";
        var payload = Unnamed(section, [.. section.Keys.Where(k => k != Name)], others);
        if (payload is null || !section.Keys.Contains(Name))
            return payload;
        return payload with { Name = section.Text(Name) };
    }

    private static Payload? Unnamed(SettingsSection section, string[] keys, IReadOnlyDictionary<string, Func<string, Payload>> others)
    {
        string[] known = [.. Kinds.Keys, .. others.Keys];
        foreach (var key in keys.Except(known))
            section.Reject(key, $"unknown payload; needs one of {string.Join(", ", known)}");
        if (keys.Length > 1)
            section.Reject(keys[1], $"a payload has exactly one of {string.Join(", ", known)}");
        if (keys is not [var only])
            return null;
        if (Kinds.TryGetValue(only, out var create))
            return create(section);
        return others.TryGetValue(only, out var createOther) ? createOther(section.Text(only)) : null;
    }

    private static FilePayload File(SettingsSection section)
    {
        var path = section.Text("file");
        if (Directory.Exists(path))
            section.Reject("file", $"'{path}' is a directory, not a file");
        else if (!System.IO.File.Exists(path))
            section.Reject("file", $"no such file: '{path}' (a relative path starts at the working directory)");
        else if (!Posix.IsReadable(path))
            section.Reject("file", $"'{path}' is not readable");
        return new FilePayload(path);
    }
}
