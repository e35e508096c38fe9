using System.CommandLine;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets check [CONF]</c>: what would run, and where each setting came from; opens no socket.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var file = RunCommand.File("A HOCON file. Without one: the demo.");
        var check = new Command("check", "Prints every setting that would be in force and where it came from, or all that is wrong. Opens no socket.") { file };
        CommonOptions.AddTo(check);
        check.SetAction((parsed, cancellation) => CommonOptions.TellErrorsAsync(parsed, () => Task.FromResult(RunCommand.Load(parsed, file)), async layers =>
        {
            _ = ActorSocketsSettings.From(layers.Effective);
            foreach (var line in EffectiveSettings.Lines(layers))
                await Console.Out.WriteLineAsync(line);
            return ExitCodes.Success;
        }));
        return check;
    }
}
