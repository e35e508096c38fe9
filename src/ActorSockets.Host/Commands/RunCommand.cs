using System.CommandLine;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets [run] [CONF]</c>: runs a HOCON file.</summary>
internal static class RunCommand
{
    public const string FileDescription =
        $"A HOCON file; - is standard input. Default: {ConfigurationFile.DefaultName} in the current directory, or a built-in demo if there is no such file.";

    public static Command Create()
    {
        var run = new Command("run", "Runs a configuration until its deliveries end or a signal stops it.");
        AddTo(run, hidden: false);
        return run;
    }

    /// <summary>The root command does the same; its help is about all commands.</summary>
    public static void AddTo(Command command, bool hidden)
    {
        var file = File(FileDescription);
        file.Hidden = hidden;
        command.Arguments.Add(file);
        CommonOptions.AddTo(command);
        command.SetAction((parsed, _) => CommonOptions.RunAsync(parsed, load: async () =>
        {
            if (parsed.GetValue(file) is null && ConfigurationFile.HasDefault
                && parsed.GetResult(CommonOptions.Json) is null && parsed.GetResult(CommonOptions.Quiet) is null)
                await Console.Error.WriteLineAsync($"using {ConfigurationFile.DefaultName}");
            return Load(parsed, file);
        }, Reload(parsed, file)));
    }

    /// <summary>The argument that names a file, of a command that has one.</summary>
    public static Argument<string?> File(string description, string name = "CONF")
    {
        var file = new Argument<string?>(name) { HelpName = name, Arity = ArgumentArity.ZeroOrOne, Description = description };
        file.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete));
        file.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: ['-', _, ..] value }])
                result.AddError($"unknown option {value}");
        });
        return file;
    }

    /// <summary>The file, and the options above it.</summary>
    public static Layers Load(ParseResult parsed, Argument<string?> file) => Load(parsed, parsed.GetValue(file));

    private static Layers Load(ParseResult parsed, string? file) =>
        new(ConfigurationFile.Load(file), CommonOptions.From(parsed), parsed.GetValue(CommonOptions.Set) ?? []);

    /// <summary>Null for standard input and the demo, which cannot be read again.</summary>
    private static Func<Layers>? Reload(ParseResult parsed, Argument<string?> file) =>
        (parsed.GetValue(file) ?? (ConfigurationFile.HasDefault ? ConfigurationFile.DefaultName : null)) is { } name and not "-" ? () => Load(parsed, name) : null;
}
