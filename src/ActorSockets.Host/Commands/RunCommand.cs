using System.CommandLine;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets [run] [CONF]</c>: what a HOCON file describes.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var run = new Command("run", "Runs what a HOCON file describes, until it is done or stopped.");
        AddTo(run);
        return run;
    }

    public static void AddTo(Command command)
    {
        var file = new Argument<string?>("CONF")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "A HOCON file. Without one: the demo, two servers of which one is busy, and a client for both.",
        };
        file.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var value }] && value.StartsWith('-'))
                result.AddError($"there is no option {value}");
        });
        var set = Settings.Set();
        command.Arguments.Add(file);
        command.Options.Add(set);
        command.SetAction((parsed, _) => Settings.RunAsync(() =>
            Task.FromResult(ConfigurationFile.Load(parsed.GetValue(file), parsed.GetValue(set) ?? []))));
    }
}
