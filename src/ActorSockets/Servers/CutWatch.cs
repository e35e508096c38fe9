using ActorSockets.Events;
using ActorSockets.Servers.Sinks;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Servers;

/// <summary>Publishes the files that have been cut from a connection, and watches the time of the one that is being written.</summary>
/// <param name="server">Whose connection it is.</param>
/// <param name="peer">The client.</param>
/// <param name="sink">A sink that does not cut has nothing to watch.</param>
/// <param name="events">Where files are published.</param>
internal sealed class CutWatch(ServerSettings server, string peer, ISink sink, EventStream events)
{
    private readonly CutFileSink? _files = sink as CutFileSink;
    private int _timedFile;

    /// <summary>Whether the file has had its time while the sink had no time for it.</summary>
    public bool IsDue { get; set; }

    /// <summary>To be called when the sink is done with something. The actor gets a <see cref="Due"/> when the file's time is over.</summary>
    public void Look(ITimerScheduler timers)
    {
        if (_files is null)
            return;
        while (_files.TryTakeEnded(out var ended))
            events.Publish(new ServerEvents.FileCut(server.Name, peer, ended.Bytes, ended.Path));
        if (server.Cut.After == TimeSpan.Zero || !_files.IsWriting || _files.Begun == _timedFile)
            return;
        (_timedFile, IsDue) = (_files.Begun, false);
        timers.StartSingleTimer(Due.Instance, Due.Instance, server.Cut.After);
    }

    /// <summary>The file has had its time.</summary>
    public sealed record Due : IDeadLetterSuppression
    {
        public static readonly Due Instance = new();
    }
}
