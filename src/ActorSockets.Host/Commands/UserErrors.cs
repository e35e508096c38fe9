using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host.Commands;

/// <summary>Errors and warnings that are found before anything runs.</summary>
internal static class UserErrors
{
    /// <summary>The place of an error that is about no setting; a terminal shows the message alone.</summary>
    public const string Usage = "command line";

    /// <summary>A line each on stderr, and with <c>--json</c> an object each on stdout, the summary last; gives back the exit code.</summary>
    public static async Task<int> TellAsync(IEnumerable<SettingError> errors, int exitCode, bool asJson)
    {
        foreach (var error in errors)
        {
            await Console.Error.WriteLineAsync($"error: {(error.Where == Usage ? error.Message : error)}");
            if (asJson)
                await Console.Out.WriteLineAsync(JsonLines.For(new RunEvents.Error(error.Where, error.Message)));
        }

        if (asJson)
            await Console.Out.WriteLineAsync(JsonLines.For(RunEvents.Summary.OfNothing(exitCode)));
        return exitCode;
    }

    /// <summary>A line each on stderr; or an object each on stdout, because with <c>--json</c> stderr has errors only.</summary>
    public static async Task WarnAsync(IEnumerable<SettingError> warnings, bool asJson)
    {
        foreach (var warning in warnings)
        {
            if (asJson)
                await Console.Out.WriteLineAsync(JsonLines.For(new RunEvents.Warning(warning.Where, warning.Message)));
            else
                await Console.Error.WriteLineAsync($"warning: {warning}");
        }
    }
}
