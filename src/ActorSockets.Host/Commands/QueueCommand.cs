using System.CommandLine;
using System.Text.Json;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Host.Configuration;
using ActorSockets.Outbox;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets queue [CONF]</c>: shows and changes the outbox, whether a program runs with it or not.</summary>
internal static class QueueCommand
{
    // The program looks for commands some times a second.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Option<string?> File = CreateFile();
    private static readonly Option<bool> Json = new("--json") { Recursive = true, Description = "Writes one JSON object per line." };
    private static readonly Option<string?> Target = new("--target") { HelpName = "NAME", Description = "Only deliveries to this target." };
    private static readonly Option<bool> All = new("--all") { Description = "All deliveries of all targets." };

    public static Command Create()
    {
        var file = RunCommand.File($"The configuration whose outbox it is. Default: {ConfigurationFile.DefaultName} in the current directory.");
        var queue = new Command("queue", "Shows the outbox: a line for each target. Works while the program runs and when it does not.") { file, File, Json };
        queue.SetAction((parsed, _) => UseAsync(parsed, file, async (outbox, settings) =>
        {
            var durable = settings.Targets.Where(target => target.Durable).Select(target => target.Name).ToHashSet(StringComparer.Ordinal);
            QueueLine[] lines = [.. (await outbox.LinesAsync()).Select(line => line with { IsStranded = !durable.Contains(line.Target) })];
            await WriteAsync(parsed, lines, QueueTable.Of);
            return ExitCodes.Success;
        }));
        queue.Subcommands.Add(CreateList(file));
        queue.Subcommands.Add(CreateShow(file));
        queue.Subcommands.Add(CreateChange(file, QueueVerb.Retry, "Tries deliveries again: those that failed or are unconfirmed, and at once those that wait for their next attempt."));
        queue.Subcommands.Add(CreateChange(file, QueueVerb.Cancel, "Removes deliveries from the outbox."));
        queue.Subcommands.Add(CreateChange(file, QueueVerb.Hold, "Keeps a delivery, or with --target everything that goes to a target, from being tried."));
        queue.Subcommands.Add(CreateChange(file, QueueVerb.Release, "Ends a hold."));
        return queue;
    }

    private static Option<string?> CreateFile()
    {
        var option = new Option<string?>("--conf") { HelpName = "CONF", Recursive = true, Description = "The configuration whose outbox it is, for the commands below." };
        option.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete));
        return option;
    }

    private static Command CreateList(Argument<string?> file)
    {
        var state = new Option<string?>("--state") { HelpName = "STATE", Description = "Only deliveries that are queued, held, failed or unconfirmed." };
        state.AcceptOnlyFromAmong([.. Enum.GetNames<DeliveryState>().Select(name => name.ToLowerInvariant())]);
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "At most so many. Default: 1000.", DefaultValueFactory = _ => 1000 };
        var list = new Command("list", "Lists deliveries in the order in which they came.") { Target, state, limit };
        list.SetAction((parsed, _) => UseAsync(parsed, file, async (outbox, _) =>
        {
            DeliveryState? only = parsed.GetValue(state) is { } name ? Enum.Parse<DeliveryState>(name, ignoreCase: true) : null;
            await WriteAsync(parsed, await outbox.ListAsync(new QueueSelection(parsed.GetValue(Target)), only, parsed.GetValue(limit)), QueueTable.Of);
            return ExitCodes.Success;
        }));
        return list;
    }

    private static Command CreateShow(Argument<string?> file)
    {
        var id = new Argument<string>("ID") { HelpName = "ID", Description = "The delivery's id." };
        var show = new Command("show", "Shows all that is known of a delivery, for each of its targets.") { id, Target };
        show.SetAction((parsed, _) => UseAsync(parsed, file, async (outbox, _) =>
        {
            var found = await outbox.ListAsync(new QueueSelection(parsed.GetValue(Target), parsed.GetRequiredValue(id)), null, int.MaxValue);
            if (found.Count == 0)
                return await TellAsync(parsed, $"no delivery has the id {Printable.Of(parsed.GetRequiredValue(id))}");
            await WriteAsync(parsed, found, QueueTable.Whole);
            return ExitCodes.Success;
        }));
        return show;
    }

    private static Command CreateChange(Argument<string?> file, QueueVerb verb, string description)
    {
        var id = new Argument<string?>("ID") { HelpName = "ID", Arity = ArgumentArity.ZeroOrOne, Description = "The delivery's id; with --target, of that target alone." };
        var name = verb.ToString().ToLowerInvariant();
        var change = new Command(name, description) { id, Target, All };
        change.Validators.Add(result =>
        {
            var isAll = result.GetValue(All);
            var isSome = result.GetValue(id) is not null || result.GetValue(Target) is not null;
            if (isAll == isSome)
                result.AddError($"queue {name}: needs ID, --target NAME or both, or --all");
        });
        change.SetAction((parsed, _) => UseAsync(parsed, file, async (outbox, _) =>
        {
            var selection = new QueueSelection(parsed.GetValue(Target), parsed.GetValue(id));
            switch (await outbox.ExecuteAsync(new Outbox.QueueCommand(verb, selection), Patience))
            {
                case null:
                    return await TellAsync(parsed, $"the program that has the outbox did not answer within {Durations.Format(Patience)}; it executes the command when it can");
                case 0:
                    return await TellAsync(parsed, "no delivery fits: see actorsockets queue list");
                case { } changed:
                    await Console.Out.WriteLineAsync(parsed.GetValue(Json)
                        ? JsonSerializer.Serialize(new { verb = name, changed }, JsonLines.Options)
                        : $"{QueueTable.Past(verb)} {QueueTable.Count(verb, selection, changed)}");
                    return ExitCodes.Success;
            }
        }));
        return change;
    }

    private static Task<int> UseAsync(ParseResult parsed, Argument<string?> file, Func<IQueue, ActorSocketsSettings, Task<int>> use) =>
        CommonOptions.TellErrorsAsync(parsed, () => Task.FromResult(Load(parsed, file)), async layers =>
        {
            var settings = ProgramSettings.From(layers.Effective).Library;
            var place = settings.Outbox?.Place
                ?? throw new SettingsException($"{ActorSocketsSettings.Root}.outbox.directory", "is not set: this configuration has no outbox");
            try
            {
                using var queue = await StoreLibrary.OpenQueueAsync(place);
                return await use(queue, settings);
            }
            catch (IOException e) when (e is LedgerException)
            {
                return await TellAsync(parsed, e.Message);
            }
        });

    private static Layers Load(ParseResult parsed, Argument<string?> file) =>
        new(ConfigurationFile.Load(parsed.GetValue(File) ?? (parsed.GetResult(file) is null ? null : parsed.GetValue(file))), [], []);

    private static async Task WriteAsync<T>(ParseResult parsed, IReadOnlyList<T> found, Func<IReadOnlyList<T>, IEnumerable<string>> table)
    {
        foreach (var line in parsed.GetValue(Json) ? found.Select(entry => JsonSerializer.Serialize(entry, JsonLines.Options)) : table(found))
            await Console.Out.WriteLineAsync(line);
    }

    private static Task<int> TellAsync(ParseResult parsed, string message) =>
        UserErrors.TellAsync([new SettingError(UserErrors.Usage, message)], ExitCodes.Failure, parsed.GetValue(Json));
}
