using System.CommandLine;
using System.CommandLine.Help;
using ActorSockets.Host;
using ActorSockets.Host.Commands;

// Not a RootCommand, which would call itself by the executable's name.
var root = new Command("actorsockets", "Sends to and receives from TCP peers without one holding up another.")
{
    new HelpOption(), new VersionOption(),
};
RunCommand.AddTo(root);
root.Subcommands.Add(RunCommand.Create());
root.Subcommands.Add(SendCommand.Create());
root.Subcommands.Add(ServeCommand.Create());

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
        await Console.Error.WriteLineAsync(error.Message);
    await Console.Error.WriteLineAsync("actorsockets --help tells how it is used");
    return ExitCodes.Usage;
}

// Signals are ours: the first one lets deliveries end, the second one stops.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
