using ActorSockets.Platform;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// Writes Akka's own log to stderr, one line an entry: the type and message of an exception, not its stack. Of other nodes Akka has much to say, at
/// a planned stop too; what of it concerns people are events of the cluster.
/// </summary>
internal sealed class AkkaLogger(Output output) : UntypedActor
{
    // Akka logs the end of the system at DEBUG, whatever level is configured (1.5.74).
    private readonly LogLevel _least = Logging.LogLevelFor(Context.System.Settings.LogLevel);

    public static Props Props(Output output) => PlainProps.Of(() => new AkkaLogger(output));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LogEvent entry when entry.LogLevel() < _least || (_least >= LogLevel.WarningLevel && IsOfNodes(entry)):
                break;
            case LogEvent entry:
                var source = IsOurs(entry) ? "" : $"{entry.LogSource}: ";
                var cause = entry.Cause is null ? "" : $" ({entry.Cause.GetType().Name}: {entry.Cause.Message})";
                output.TrySay($"{entry.LogLevel().ToString().Replace("Level", "", StringComparison.Ordinal).ToLowerInvariant()}: {source}{entry.Message}{cause}".ReplaceLineEndings(" "));
                break;
        }
    }

    /// <summary>What we say needs no path of an actor.</summary>
    private static bool IsOurs(LogEvent entry) => entry.LogClass.Assembly.GetName().Name!.StartsWith("ActorSockets", StringComparison.Ordinal);

    private static bool IsOfNodes(LogEvent entry) => entry.LogClass.Assembly.GetName().Name is "Akka.Remote" or "Akka.Cluster" or "Akka.Cluster.Tools" or "Akka.Cluster.Sharding" or "Akka.DistributedData"
        || entry.LogSource.StartsWith("remoting ", StringComparison.Ordinal) || entry.LogSource.Contains("/system/endpointManager/", StringComparison.Ordinal)
        || (entry.LogClass == typeof(CoordinatedShutdown) && entry.Message.ToString()!.Contains("[cluster-", StringComparison.Ordinal));
}
