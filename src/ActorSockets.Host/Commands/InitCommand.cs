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
            Description = "Where to; must not exist yet. - is standard output.",
            DefaultValueFactory = _ => "actorsockets.conf",
        };
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
                await Console.Error.WriteLineAsync($"wrote {path}; actorsockets check {path} shows what it comes to, actorsockets run {path} runs it");
                return ExitCodes.Success;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                var reason = path.Length == 0 ? "is empty: needs a name" : File.Exists(path) ? "exists already, and stays as it is" : e.Message;
                return await UserErrors.TellAsync([new SettingError(path.Length == 0 ? "FILE" : path, reason)], ExitCodes.Failure, asJson: false);
            }
        });
        return init;
    }
}
