using System.Text;
using ActorSockets.Configuration;
using Akka.Configuration;

namespace ActorSockets.Host.Configuration;

/// <summary>HOCON files, from disk and from the program itself.</summary>
internal static class ConfigurationFile
{
    private const int LargestFile = 4 << 20;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The file's text as a layer, or that of the demo.</summary>
    /// <exception cref="SettingsException">The file is missing, unreadable or not HOCON.</exception>
    public static (string Name, Config Config) Load(string? file) => file is null
        ? ("the built-in demo", HoconText.Parse(Resource("demo.conf"), "the built-in demo"))
        : LoadFile(file);

    /// <summary>A section that the program knows nothing of is a mistake: mostly one that is not inside actor-sockets.</summary>
    /// <param name="config">What was read.</param>
    /// <param name="text">Its text: what it refers to as <c>${key}</c> may have any name.</param>
    /// <exception cref="SettingsException">There is one.</exception>
    public static void CheckSections(Config config, string text)
    {
        string[] sections = [ActorSocketsSettings.Root, "akka"];
        var inside = ActorSocketsSettings.Reference.GetValue(ActorSocketsSettings.Root).GetObject().Items;
        foreach (var key in config.IsEmpty ? [] : config.Root.GetObject().Items.Keys.Except(sections))
        {
            if (inside.ContainsKey(key))
                throw new SettingsException(key, $"belongs inside {ActorSocketsSettings.Root} {{ … }}");
            if (inside.Keys.FirstOrDefault(section => inside[section].IsObject() && inside[section].GetObject().Items.ContainsKey(key)) is { } parent)
                throw new SettingsException(key, $"belongs inside {ActorSocketsSettings.Root}.{parent} {{ … }}");
            if (Nearest.To(key, sections) is { } nearest)
                throw new SettingsException(key, $"is not a section; did you mean {nearest}?");
            if (!text.Contains($"${{{key}", StringComparison.Ordinal) && !text.Contains($"${{?{key}", StringComparison.Ordinal))
                throw new SettingsException(key, $"is not a section; known here: {string.Join(", ", sections)}");
        }
    }

    private static (string Name, Config Config) LoadFile(string file)
    {
        var text = Read(file);
        var config = HoconText.Parse(text, file);
        CheckSections(config, text);
        if (config.IsEmpty || !config.HasPath(ActorSocketsSettings.Root))
            throw new SettingsException(file, $"has no section {ActorSocketsSettings.Root} {{ … }}: there is nothing to run");
        return (file, config);
    }

    /// <summary>A configuration that is a part of the program.</summary>
    public static string Resource(string name)
    {
        using var stream = typeof(ConfigurationFile).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string Read(string file)
    {
        if (file.Length == 0)
            throw new SettingsException("CONF", "is empty: needs the name of a file");
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
            throw new SettingsException(file,
                Directory.Exists(file) ? "is a directory, not a file" : e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message);
        }
    }

    private static string ReadUpTo(string file, int most)
    {
        using var reader = new StreamReader(file, Encoding.UTF8);
        var text = new char[most];
        var length = reader.ReadBlock(text);
        return length < most ? new string(text, 0, length) : throw new IOException($"is larger than {Sizes.Format(most)}: not a configuration");
    }
}
