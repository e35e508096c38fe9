using ActorSockets.Platform;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Host.Reporting;

/// <summary>Writes Akka's own log to stderr, one line an entry: the type and message of an exception, not its stack.</summary>
internal sealed class AkkaLogger(Output output) : UntypedActor
{
    // Akka logs the end of the system at DEBUG, whatever level is configured (1.5.74).
    private readonly LogLevel _least = Logging.LogLevelFor(Context.System.Settings.LogLevel);

    public static Props Props(Output output) => PlainProps.Of(() => new AkkaLogger(output));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LogEvent entry when entry.LogLevel() < _least:
                break;
            case LogEvent entry:
                var cause = entry.Cause is null ? "" : $" ({entry.Cause.GetType().Name}: {entry.Cause.Message})";
                output.TrySay($"{entry.LogLevel().ToString().Replace("Level", "", StringComparison.Ordinal).ToLowerInvariant()}: {entry.LogSource}: {entry.Message}{cause}".ReplaceLineEndings(" "));
                break;
        }
    }
}
