using System.CommandLine;
using ActorSockets.Configuration;
using ActorSockets.Host;

var configuration = new Argument<string?>("CONF")
{
    Arity = ArgumentArity.ZeroOrOne,
    Description = "A HOCON file. Without one: the demo, two servers of which one is busy, and a client for both.",
};
var set = new Option<string[]>("--set")
{
    HelpName = "PATH=VALUE",
    Description = "Overrides one setting of the file, such as actor-sockets.ticker.interval=100ms. May be repeated.",
    AllowMultipleArgumentsPerToken = false,
};
configuration.Validators.Add(result =>
{
    if (result.Tokens is [{ Value: var value }] && value.StartsWith('-'))
        result.AddError($"there is no option {value}");
});
set.Validators.Add(result =>
{
    foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) < 1))
        result.AddError($"--set {token.Value}: needs PATH=VALUE, such as actor-sockets.ticker.interval=100ms");
});

var run = new Command("run", "Runs what a HOCON file describes, until it is done or stopped.") { configuration, set };
run.SetAction((parsed, _) => RunAsync(parsed.GetValue(configuration), parsed.GetValue(set) ?? []));

var root = new RootCommand("Sends to and receives from TCP peers without one holding up another.") { configuration, set };
root.Subcommands.Add(run);
root.SetAction((parsed, _) => RunAsync(parsed.GetValue(configuration), parsed.GetValue(set) ?? []));

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

static async Task<int> RunAsync(string? file, string[] overrides)
{
    try
    {
        return await HostedRun.RunAsync(ConfigurationFile.Load(file, overrides));
    }
    catch (SettingsException e)
    {
        foreach (var error in e.Errors)
            await Console.Error.WriteLineAsync($"error: {error}");
        return ExitCodes.Configuration;
    }
}
