using System.CommandLine;
using ActorSockets.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets health [URL]</c>: whether a program is ready, for images that have no other HTTP client.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var url = RemoteProgram.CreateUrl();
        var health = new Command("health", "Asks a program that runs with web.enabled = on whether it is ready; exits with 1 if it is not.") { url };
        health.SetAction(async (parsed, _) =>
        {
            var page = RemoteProgram.Address(parsed.GetValue(url))!;
            try
            {
                using var program = new RemoteProgram(page, tokenFile: null);
                await Console.Out.WriteLineAsync(await program.ReadyAsync());
                return ExitCodes.Success;
            }
            catch (IOException e)
            {
                return await UserErrors.TellAsync([new SettingError(page.ToString(), e.Message)], ExitCodes.Failure, asJson: false);
            }
        });
        return health;
    }
}
