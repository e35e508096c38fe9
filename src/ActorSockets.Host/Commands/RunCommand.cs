using System.CommandLine;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets [run] [CONF]</c>: what a HOCON file describes.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var run = new Command("run", "Runs what a HOCON file describes, until it is done or stopped.");
        AddTo(run, hidden: false);
        return run;
    }

    /// <summary>The root command does the same; its help is about all commands.</summary>
    public static void AddTo(Command command, bool hidden)
    {
        var file = File("A HOCON file. Without one: the demo, two servers of which one is busy, and a client for both.");
        file.Hidden = hidden;
        command.Arguments.Add(file);
        CommonOptions.AddTo(command);
        command.SetAction((parsed, _) => CommonOptions.RunAsync(parsed, () => Task.FromResult(Load(parsed, file))));
    }

    /// <summary>The argument that names a file, of a command that has one.</summary>
    public static Argument<string?> File(string description)
    {
        var file = new Argument<string?>("CONF") { Arity = ArgumentArity.ZeroOrOne, Description = description };
        file.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var value }] && value.StartsWith('-'))
                result.AddError($"there is no option {value}");
        });
        return file;
    }

    /// <summary>The file, and the options above it.</summary>
    public static Layers Load(ParseResult parsed, Argument<string?> file) =>
        new Layers(ConfigurationFile.Load(parsed.GetValue(file)), CommonOptions.From(parsed), parsed.GetValue(CommonOptions.Set) ?? []);
}
