using System.CommandLine;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Reporting;

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
            var settings = EffectiveSettings.Of(layers);
            IEnumerable<string> lines = parsed.GetResult(CommonOptions.Json) is null
                ? EffectiveSettings.Lines(settings)
                : [.. settings.Select(JsonLines.For), JsonLines.For(RunEvents.Summary.OfNothing(ExitCodes.Success))];
            foreach (var line in lines)
                await Console.Out.WriteLineAsync(line);
            return ExitCodes.Success;
        }));
        return check;
    }
}
