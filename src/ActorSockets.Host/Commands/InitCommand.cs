using System.CommandLine;
using ActorSockets.Configuration;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets init [FILE]</c>: a commented configuration to start from.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE")
        {
            HelpName = "FILE",
            Description = "The file to write; must not exist. - is standard output.",
            DefaultValueFactory = _ => "actorsockets.conf",
        };
        file.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete));
        var init = new Command("init", "Writes a commented configuration to start from.") { file };
        init.SetAction(async (parsed, _) =>
        {
            var (path, text) = (parsed.GetRequiredValue(file), ConfigurationFile.Resource("starter.conf"));
            if (path == "-")
            {
                await Console.Out.WriteAsync(text);
                return ExitCodes.Success;
            }

            try
            {
                await using (var writer = new StreamWriter(new FileStream(path, FileMode.CreateNew)))
                    await writer.WriteAsync(text);
                await Console.Error.WriteLineAsync($"wrote {Printable.Of(path)}; next: actorsockets check {Printable.Of(path)}, then actorsockets run {Printable.Of(path)}");
                return ExitCodes.Success;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                var reason = path.Length == 0 ? "is empty: needs a file name" : File.Exists(path) ? "already exists; not overwritten" : e.Message;
                return await UserErrors.TellAsync([new SettingError(path.Length == 0 ? "FILE" : path, reason)], ExitCodes.Failure, asJson: false);
            }
        });
        return init;
    }
}
