using System.Text;
using ActorSockets.Configuration;
using Akka.Configuration;

namespace ActorSockets.Host;

/// <summary>A HOCON file from disk, with <c>--set</c> on top and the library's defaults below.</summary>
internal static class ConfigurationFile
{
    /// <exception cref="SettingsException">The file is missing, unreadable or wrong.</exception>
    public static Config Load(string? file, IReadOnlyList<string> overrides)
    {
        var config = file is null ? HoconText.Parse(Demo(), "the built-in demo") : HoconText.Parse(Read(file), file);
        foreach (var assignment in overrides)
            config = Parse(assignment).WithFallback(config);
        return config.WithFallback(ActorSocketsSettings.Reference);
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException(file, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message);
        }
    }

    private static Config Parse(string assignment)
    {
        var at = assignment.IndexOf('=', StringComparison.Ordinal);
        var (path, value) = (assignment[..at].Trim(), assignment[(at + 1)..].Trim());
        var hocon = HoconText.Parse($"{path} = {Quoted(value)}", $"--set {path}");
        return hocon.HasPath(path) ? hocon : throw new SettingsException($"--set {path}", "is not a path of names with dots between them");
    }

    // Everything but a section or a list is one text, so that a shell's quoting is all that a user needs to think of.
    private static string Quoted(string value) => value.StartsWith('{') || value.StartsWith('[') || value.StartsWith('"')
        ? value
        : $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Demo()
    {
        using var stream = typeof(ConfigurationFile).Assembly.GetManifestResourceStream("demo.conf")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
