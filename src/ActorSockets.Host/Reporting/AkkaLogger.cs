using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// Akka's own log, as lines among the others. Above DEBUG it is one line an entry: the type and message of an exception,
/// not its stack. What Akka.IO says about binds and connections is left out: our own events say it better, and once.
/// </summary>
internal sealed class AkkaLogger(Output output) : UntypedActor
{
    // The end of the system is told at the level of DEBUG, whatever level was asked for (1.5.74).
    private readonly LogLevel _least = Logging.LogLevelFor(Context.System.Settings.LogLevel);

    public static Props Props(Output output) => PlainProps.Of(() => new AkkaLogger(output));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LogEvent entry when entry.LogLevel() < _least:
                break;
            case LogEvent entry when entry.LogLevel() > LogLevel.DebugLevel && entry.LogSource.Contains("/IO-TCP", StringComparison.Ordinal):
                break;
            case LogEvent entry:
                var cause = entry.Cause is null ? "" : $" ({entry.Cause.GetType().Name}: {entry.Cause.Message})";
                output.TrySay($"{entry.LogLevel().ToString().Replace("Level", "", StringComparison.Ordinal).ToLowerInvariant()}: {entry.LogSource}: {entry.Message}{cause}".ReplaceLineEndings(" "));
                break;
        }
    }
}
