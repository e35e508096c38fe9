using System.CommandLine;
using System.CommandLine.Help;
using ActorSockets.Configuration;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host.Commands;

/// <summary>All commands.</summary>
internal static class CommandLine
{
    private const string Description = "Sends data to many TCP servers and receives data from many TCP clients; none delays another. actorsockets CONF is short for actorsockets run CONF. Without CONF it runs actorsockets.conf in the current directory, or a built-in demo if there is no such file.";

    /// <summary>From arguments to exit code.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        // Not a RootCommand, which would call itself by the executable's name.
        var root = new Command("actorsockets", Description) { new HelpOption(), new VersionOption() };
        RunCommand.AddTo(root, hidden: true);
        Command[] commands = [RunCommand.Create(), SendCommand.Create(), ServeCommand.Create(), CheckCommand.Create(), InitCommand.Create(), QueueCommand.Create(), ClusterCommand.Create(), TopCommand.Create(), HealthCommand.Create()];
        foreach (var command in commands)
            root.Subcommands.Add(command);

        try
        {
            if (Completion.IsAskedFor(arguments))
            {
                foreach (var word in Completion.Words(root, arguments))
                    await Console.Out.WriteLineAsync(word);
                return ExitCodes.Success;
            }

            var parsed = root.Parse(arguments);
            var mistakes = Mistakes(parsed, root, arguments).ToArray();
            if (mistakes.Length == 0)
            {
                // StopSignals handles signals.
                return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
            }

            var errors = mistakes.Select(m => new SettingError(UserErrors.Usage, m));
            var exitCode = await UserErrors.TellAsync(errors, ExitCodes.Usage, asJson: arguments.Contains(CommonOptions.Json.Name));
            await Console.Error.WriteLineAsync("see actorsockets --help");
            return exitCode;
        }
        catch (IOException e) when (e.HResult == OutputQueue.BrokenPipe)
        {
            return ExitCodes.BrokenPipe;
        }
        catch (IOException e)
        {
            return await UserErrors.TellAsync([new SettingError("stdout", e.Message)], ExitCodes.Failure, asJson: false);
        }
    }

    /// <summary>What System.CommandLine found, with a nearest name for what it does not know.</summary>
    private static IEnumerable<string> Mistakes(ParseResult parsed, Command root, string[] arguments)
    {
        if (parsed.CommandResult.Command == root && arguments is [var first, ..] && !first.StartsWith('-') && !File.Exists(first)
            && Nearest.To(first, [.. root.Subcommands.Select(c => c.Name)]) is { } command)
        {
            return [$"unknown command {first} (did you mean {command}?)"];
        }

        var unknown = parsed.UnmatchedTokens;
        var options = parsed.CommandResult.Command.Options.Select(o => o.Name).ToArray();
        return parsed.Errors.Select(e => e.Message).Where(m => !unknown.Any(t => m.Contains($"'{t}'", StringComparison.Ordinal)))
            .Concat(unknown.Select(t => !t.StartsWith('-') ? $"unexpected argument {t}"
                : Nearest.To(t, options) is { } nearest ? $"unknown option {t} (did you mean {nearest}?)" : $"unknown option {t}"));
    }
}
