using System.Globalization;
using System.Text.RegularExpressions;
using Akka.Configuration;

namespace ActorSockets.Configuration;

/// <summary>HOCON source text, turned into a <see cref="Config"/> or into one clear error with its line.</summary>
public static partial class HoconText
{
    private static readonly TimeSpan ParseTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Parses HOCON text. Substitutions in capitals (<c>${?PORT}</c>) are environment variables.</summary>
    /// <param name="text">The source.</param>
    /// <param name="source">What errors call it: a file's path.</param>
    /// <param name="environment">Looks a variable up; null when it is not set. Default: the process environment.</param>
    /// <exception cref="SettingsException">The text is not HOCON that can be read; says which line.</exception>
    public static Config Parse(string text, string source, Func<string, string?>? environment = null)
    {
        var checkedText = new HoconScanner(text, source, environment ?? Environment.GetEnvironmentVariable).Scan();
        try
        {
            // The scanner lets nothing through that is known to hang Akka's parser (an unclosed list does, 1.5.74). The
            // deadline is for what is not known yet.
            var parsing = Task.Run(() => ConfigurationFactory.ParseString(checkedText));
            if (!Task.WaitAll([parsing], ParseTimeout))
                throw new SettingsException(source, $"the HOCON parser found no end within {ParseTimeout.TotalSeconds} s");
            return parsing.GetAwaiter().GetResult();
        }
        catch (AggregateException e) when (e.InnerException is not null)
        {
            throw Malformed(source, checkedText, e.InnerException.Message);
        }
    }

    /// <summary>Akka's parser names a position in the text; people look for a line.</summary>
    private static SettingsException Malformed(string source, string text, string message)
    {
        var firstLine = message.Split('\n')[0].Trim();
        if (PositionPattern().Match(message) is { Success: true } match)
        {
            var position = Math.Min(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), text.Length);
            var line = text.AsSpan(0, position).Count('\n') + 1;
            return new SettingsException($"{source}:{line}", "not readable from here on");
        }

        return new SettingsException(source, firstLine);
    }

    [GeneratedRegex(@"position (\d+)")]
    private static partial Regex PositionPattern();
}
