using ActorSockets.Configuration;
using Akka.Configuration.Hocon;

namespace ActorSockets.Host.Configuration;

/// <summary>Finds mistakes in a text that the settings alone do not show.</summary>
internal static class Sections
{
    private static readonly string[] Known = [ActorSocketsSettings.Root, "akka"];

    /// <summary>Refuses sections that the program does not know: mostly some that belong inside actor-sockets.</summary>
    /// <param name="document">What was read.</param>
    /// <param name="text">Its text: a section that it refers to as <c>${key}</c> may have any name.</param>
    /// <exception cref="SettingsException">There is such a section.</exception>
    public static void Check(HoconDocument document, string text)
    {
        foreach (var (key, value) in document.Config.IsEmpty ? new HoconObject().Items : document.Config.Root.GetObject().Items)
        {
            if (Mistake(key, value, text) is { } mistake)
                throw Error(document, key, document.Outline.Children.GetValueOrDefault(key), mistake);
        }

        if (document.Outline.Children.TryGetValue(ActorSocketsSettings.Root, out var root))
            CheckAllow(document, ActorSocketsSettings.Root, root);
    }

    private static string? Mistake(string key, HoconValue value, string text)
    {
        if (key == "akka" && !value.IsObject())
            return "must be a section: akka { … }";
        if (Known.Contains(key))
            return null;
        var inside = ProgramSettings.Reference.GetValue(ActorSocketsSettings.Root).GetObject().Items;
        if (inside.ContainsKey(key))
            return $"belongs inside {ActorSocketsSettings.Root} {{ … }}";
        if (inside.Keys.FirstOrDefault(section => inside[section].IsObject() && inside[section].GetObject().Items.ContainsKey(key)) is { } parent)
            return $"belongs inside {ActorSocketsSettings.Root}.{parent} {{ … }}";
        if (Nearest.To(key, Known) is { } nearest)
            return $"unknown section (did you mean {nearest}?)";
        return text.Contains($"${{{key}", StringComparison.Ordinal) ? null : $"unknown section; the sections are {string.Join(", ", Known)}";
    }

    /// <summary>An allow without a value would admit every client where the user meant to limit them.</summary>
    private static void CheckAllow(HoconDocument document, string path, HoconNode section)
    {
        foreach (var (key, node) in section.Children)
        {
            if (key == "allow" && node is { LeftOutLine: > 0, Line: 0 })
                throw Error(document, $"{path}.{key}", node, "has no value, because its environment variable is not set: to admit every client then, write allow = any on the line above");
            CheckAllow(document, $"{path}.{key}", node);
        }
    }

    private static SettingsException Error(HoconDocument document, string path, HoconNode? node, string message) =>
        new(node is null ? path : $"{document.Place(Math.Max(node.Line, node.LeftOutLine))}: {path}", message);
}
