using System.Text;
using ActorSockets.Configuration;
using Akka.Configuration;

namespace ActorSockets.Host;

/// <summary>A HOCON file from disk, with <c>--set</c> on top and the library's defaults below.</summary>
internal static class ConfigurationFile
{
    private const int LargestFile = 4 << 20;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    /// <exception cref="SettingsException">The file is missing, unreadable or wrong.</exception>
    public static Config Load(string? file, IReadOnlyList<string> overrides) =>
        file is null ? Read(Demo(), "the built-in demo", overrides) : Read(Read(file), file, overrides);

    /// <summary>HOCON text, with overrides on top.</summary>
    /// <exception cref="SettingsException">It is wrong.</exception>
    public static Config Read(string hocon, string source, IReadOnlyList<string> overrides)
    {
        var config = HoconText.Parse(hocon, source);
        foreach (var assignment in overrides)
            config = config.IsEmpty ? Parse(assignment) : Parse(assignment).WithFallback(config);
        Check(config, source);
        return config;
    }

    /// <summary>What would run nothing at all is a mistake: mostly a section that is not inside actor-sockets.</summary>
    private static void Check(Config config, string source)
    {
        string[] sections = [ActorSocketsSettings.Root, "akka"];
        var inside = ActorSocketsSettings.Reference.GetConfig(ActorSocketsSettings.Root).Root.GetObject().Items.Keys;
        foreach (var key in config.IsEmpty ? [] : config.Root.GetObject().Items.Keys.Except(sections))
        {
            if (inside.Contains(key))
                throw new SettingsException(key, $"belongs inside {ActorSocketsSettings.Root} {{ … }}");
            if (Nearest.To(key, sections) is { } nearest)
                throw new SettingsException(key, $"is not a section; did you mean {nearest}?");
        }

        if (config.IsEmpty || !config.HasPath(ActorSocketsSettings.Root))
            throw new SettingsException(source, $"has no section {ActorSocketsSettings.Root} {{ … }}: there is nothing to run");
    }

    private static string Read(string file)
    {
        try
        {
            // A pipe that nobody writes to, or /dev/zero, is not waited for.
            var reading = Task.Run(() => ReadUpTo(file, LargestFile));
            if (Task.WaitAny([reading], ReadTimeout) < 0)
                throw new SettingsException(file, $"could not be read within {Durations.Format(ReadTimeout)}");
            return reading.GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException(file, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message);
        }
    }

    private static string ReadUpTo(string file, int most)
    {
        using var reader = new StreamReader(file, Encoding.UTF8);
        var text = new char[most];
        var length = reader.ReadBlock(text);
        return length < most ? new string(text, 0, length) : throw new IOException($"is larger than {Sizes.Format(most)}: not a configuration");
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
        : Commands.Settings.Quoted(value);

    private static string Demo()
    {
        using var stream = typeof(ConfigurationFile).Assembly.GetManifestResourceStream("demo.conf")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
