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
    /// <param name="source">The file's path, for errors.</param>
    /// <param name="environment">Looks a variable up; null when it is not set. Default: the process environment.</param>
    /// <exception cref="SettingsException">The text is not valid HOCON; names the line.</exception>
    public static Config Parse(string text, string source, Func<string, string?>? environment = null) =>
        Read(text, source, environment: environment).Config;

    /// <summary>Parses HOCON text, and keeps the line of each key.</summary>
    /// <param name="text">The source.</param>
    /// <param name="source">The file's path or the option, for errors.</param>
    /// <param name="hasLines">False for an option.</param>
    /// <param name="environment">Looks a variable up.</param>
    /// <exception cref="SettingsException">The text is not valid HOCON.</exception>
    internal static HoconDocument Read(string text, string source, bool hasLines = true, Func<string, string?>? environment = null)
    {
        var scanner = new HoconScanner(text, Error, environment ?? Environment.GetEnvironmentVariable);
        var checkedText = scanner.Scan();
        new Expansion(scanner.Outline, Error).Check();
        try
        {
            // The scanner stops everything that is known to hang Akka's parser (1.5.74). The deadline is for what is not
            // known yet.
            var parsing = Task.Run(() => ConfigurationFactory.ParseString(checkedText));
            if (!Task.WaitAll([parsing], ParseTimeout))
                throw new SettingsException(source, $"the HOCON parser found no end within {ParseTimeout.TotalSeconds} s");
            return new HoconDocument(source, hasLines, parsing.GetAwaiter().GetResult(), scanner.Outline);
        }
        catch (AggregateException e) when (e.InnerException is not null)
        {
            throw Malformed(e.InnerException.Message);
        }

        SettingsException Error(int line, string message) => new(hasLines ? $"{source}:{line}" : source, message);

        // Akka's parser names a position in the text, or a substitution.
        SettingsException Malformed(string message)
        {
            if (UnresolvedPattern().Match(message) is { Success: true } unresolved)
                return Error(LineOf(scanner.Outline, HoconKey.Split(unresolved.Groups[1].Value)), $"${{{unresolved.Groups[1].Value}}} names no setting of this text");
            if (PositionPattern().Match(message) is { Success: true } match)
            {
                var position = Math.Min(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), checkedText.Length);
                return Error(checkedText.AsSpan(0, position).Count('\n') + 1, "is not valid HOCON from here on");
            }

            return new SettingsException(source, message.Split('\n')[0].Trim());
        }
    }

    private static int LineOf(HoconNode node, string[] target) => node.References.Where(r => r.Target.SequenceEqual(target)).Select(r => r.Line)
        .Concat(node.Children.Values.Select(child => LineOf(child, target)).Where(line => line > 0)).FirstOrDefault();

    [GeneratedRegex(@"position (\d+)")]
    private static partial Regex PositionPattern();

    [GeneratedRegex(@"^Unresolved substitution: *(.+)$", RegexOptions.Multiline)]
    private static partial Regex UnresolvedPattern();
}
