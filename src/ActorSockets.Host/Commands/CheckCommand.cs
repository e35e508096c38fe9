using System.CommandLine;
using ActorSockets.Events;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets check [CONF]</c>: every setting and its origin; loads certificates, opens no socket.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var file = RunCommand.File(RunCommand.FileDescription);
        var check = new Command("check", "Prints every setting with its origin, or all errors. Loads certificates; opens no socket.") { file };
        CommonOptions.AddTo(check);
        check.SetAction((parsed, cancellation) => CommonOptions.TellErrorsAsync(parsed, () => Task.FromResult(RunCommand.Load(parsed, file)), async layers =>
        {
            var asJson = parsed.GetResult(CommonOptions.Json) is not null;
            var read = ProgramSettings.From(layers.Effective);
            var warnings = RunWarnings.Of(read).Concat(RunWarnings.OfCertificates(read, DateTime.UtcNow)).Select(layers.Explain);
            if (layers.Effective.HasPath("akka"))
                await ActorHost.CheckAsync(layers.Effective);
            await UserErrors.WarnAsync(warnings, asJson);
            var settings = EffectiveSettings.Of(layers);
            IEnumerable<string> lines = asJson
                ? [.. settings.Select(JsonLines.For), JsonLines.For(RunEvents.Summary.OfNothing(ExitCodes.Success))]
                : EffectiveSettings.Lines(settings);
            foreach (var line in lines)
                await Console.Out.WriteLineAsync(line);
            return ExitCodes.Success;
        }));
        return check;
    }
}
