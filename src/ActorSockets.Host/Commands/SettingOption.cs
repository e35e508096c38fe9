using System.CommandLine;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary>
/// An option that makes one or more settings: with an argument it is the first one's value, without one it is a switch.
/// The default in its help is the one of <c>reference.conf</c>.
/// </summary>
internal sealed class SettingOption : Option<string?>
{
    private readonly (string Path, string? Value)[] _settings;

    /// <param name="name">The option.</param>
    /// <param name="argument">What it takes, or null for a switch. Words with | between them are all that it takes.</param>
    /// <param name="description">What it does.</param>
    /// <param name="settings">Paths inside actor-sockets; a value of null is the option's argument.</param>
    public SettingOption(string name, string? argument, string description, params (string Path, string? Value)[] settings) : base(name)
    {
        _settings = settings;
        Arity = argument is null ? ArgumentArity.Zero : ArgumentArity.ExactlyOne;
        HelpName = argument;
        Description = argument is null || Default(settings[0].Path) is not { Length: > 0 } byDefault ? description : $"{description} Default: {byDefault}.";
        if (argument == "FILE")
            CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete));
        if (argument?.Contains('|', StringComparison.Ordinal) == true)
            CompletionSources.Add(argument.Split('|').Where(word => word.All(char.IsAsciiLetterLower)).ToArray());
    }

    /// <summary>The settings that it makes, when it was given.</summary>
    public IEnumerable<OptionSetting> From(ParseResult parsed)
    {
        if (parsed.GetResult(this) is not { } result)
            return [];
        var argument = result.Tokens is [var token] ? token.Value : "";
        return _settings.Select(s => new OptionSetting(Name, s.Path.Split('.'), s.Value ?? Layers.Quoted(argument)));
    }

    private static string Default(string path)
    {
        var value = ProgramSettings.Reference.GetString($"{ActorSocketsSettings.Root}.{path}");
        return value == "0" ? "no limit" : value;
    }
}
