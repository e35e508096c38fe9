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
        : (file, HoconText.Parse(Read(file), file));

    /// <summary>What would run nothing at all is a mistake: mostly a section that is not inside actor-sockets.</summary>
    /// <exception cref="SettingsException">It would.</exception>
    public static void CheckSections(Config config, string source)
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

    /// <summary>A configuration that is a part of the program.</summary>
    public static string Resource(string name)
    {
        using var stream = typeof(ConfigurationFile).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
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
