using System.CommandLine;
using ActorSockets.Host;
using ActorSockets.Host.Commands;

var root = new RootCommand("Sends to and receives from TCP peers without one holding up another.");
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
