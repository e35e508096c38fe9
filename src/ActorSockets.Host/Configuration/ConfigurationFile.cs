using System.Text;
using ActorSockets.Configuration;

namespace ActorSockets.Host.Configuration;

/// <summary>HOCON from a file, from standard input and from the program itself.</summary>
internal static class ConfigurationFile
{
    /// <summary>The file that is taken when none is named.</summary>
    public const string DefaultName = "actorsockets.conf";

    private const int LargestFile = 4 << 20;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Whether the current directory has the default file.</summary>
    public static bool HasDefault => File.Exists(DefaultName);

    /// <summary>A file, <c>-</c> for standard input, or null for the default file, and for the demo when there is none.</summary>
    /// <exception cref="SettingsException">The file is missing, unreadable or not HOCON.</exception>
    public static HoconDocument Load(string? file) => file switch
    {
        "-" => Checked("standard input", ReadStandardInput()),
        null when !HasDefault => HoconText.Read(Resource("demo.conf"), "the built-in demo"),
        _ => Checked(file ?? DefaultName, Read(file ?? DefaultName)),
    };

    /// <summary>A configuration that is a part of the program.</summary>
    public static string Resource(string name)
    {
        using var stream = typeof(ConfigurationFile).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static HoconDocument Checked(string source, string text)
    {
        var document = HoconText.Read(text, source);
        Sections.Check(document, text);
        return document.Outline.Children.ContainsKey(ActorSocketsSettings.Root)
            ? document
            : throw new SettingsException(source, $"has no section {ActorSocketsSettings.Root} {{ … }}");
    }

    private static string Read(string file)
    {
        if (file.Length == 0)
            throw new SettingsException("CONF", "is empty: needs a file name");
        try
        {
            // A pipe without a writer would be waited for without end.
            var reading = Task.Run(() => ReadUpTo(new StreamReader(file, Encoding.UTF8)));
            if (Task.WaitAny([reading], ReadTimeout) < 0)
                throw new SettingsException(file, $"could not be read within {Durations.Format(ReadTimeout)}");
            return reading.GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException(file,
                Directory.Exists(file) ? "is a directory, not a file" : e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message);
        }
    }

    /// <summary>Without a deadline: whoever writes it may take a while, or type.</summary>
    private static string ReadStandardInput()
    {
        try
        {
            return ReadUpTo(new StreamReader(Console.OpenStandardInput(), Encoding.UTF8));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException("standard input", e.Message);
        }
    }

    private static string ReadUpTo(StreamReader reader)
    {
        using (reader)
        {
            var text = new char[LargestFile];
            var length = reader.ReadBlock(text);
            return length < text.Length ? new string(text, 0, length) : throw new IOException($"is larger than {Sizes.Format(LargestFile)}: not a configuration");
        }
    }
}
