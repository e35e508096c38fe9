using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Servers;
using ActorSockets.Transport.Tls;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets;

/// <summary>
/// Compares the TLS files of every server and target with what is loaded: new connections use changed files, and a node of a cluster
/// needs a restart, since Akka takes its certificate once. Warns of
/// certificates that expire soon, at the start and once a day. It reads the files because a watch by the kernel misses a link
/// that is swapped in a directory above them, as Kubernetes does.
/// </summary>
internal sealed class CertificateWatchActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly CertificateSettings _settings;
    private readonly List<Watch> _watched = [];
    private readonly BlockingThreads _disk;
    private readonly TimeProvider _clock;
    private readonly HashSet<Watch> _looking = [];
    private readonly Dictionary<Watch, string> _failures = [];

    public CertificateWatchActor(CertificateSettings settings, TimeProvider clock)
    {
        _settings = settings;
        _clock = clock;
        _disk = new BlockingThreads("certificate files", 2);
    }

    public static Props Props(CertificateSettings settings, TimeProvider? clock = null) =>
        PlainProps.Of(() => new CertificateWatchActor(settings, clock ?? TimeProvider.System));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(Signal.Look, Signal.Look, _settings.ReloadInterval);
        Timers.StartPeriodicTimer(Signal.WarnOfExpiry, Signal.WarnOfExpiry, Day, Day);
        Context.System.EventStream.Subscribe<ServerEvents.Removed>(Self);
        Context.System.EventStream.Subscribe<Deliveries.TargetRemoved>(Self);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Watch watch:
                _watched.Add(watch);
                WarnOfExpiry(watch);
                break;
            case ServerEvents.Removed removed:
                _watched.RemoveAll(w => w.Owner == $"server {removed.Server}");
                break;
            case Deliveries.TargetRemoved removed:
                _watched.RemoveAll(w => w.Owner == $"target {removed.Target}");
                break;
            case Signal.Look:
                // A disk that hangs is not asked again before it has answered.
                foreach (var watched in _watched.Where(_looking.Add))
                    _disk.Run(watched.Files.Load).PipeTo(Self, success: changed => new Looked(watched, changed, null), failure: e => new Looked(watched, false, Reason(e)));
                break;
            case Looked looked:
                _looking.Remove(looked.At);
                Say(looked);
                break;
            case Signal.WarnOfExpiry:
                _watched.ForEach(WarnOfExpiry);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Reports the same failure once.</summary>
    private void Say(Looked looked)
    {
        if (looked.Failure is { } reason)
        {
            if (_failures.GetValueOrDefault(looked.At) != reason)
                Publish(new TlsEvents.CertificateNotReloaded(looked.At.Owner, reason));
            _failures[looked.At] = reason;
            return;
        }

        _failures.Remove(looked.At);
        if (!looked.HasChanged)
            return;
        Publish(looked.At.InUse is null
            ? new TlsEvents.CertificateReloaded(looked.At.Owner, looked.At.Files.Current.ExpiresAt)
            : new TlsEvents.CertificateNeedsRestart(looked.At.Owner));
        WarnOfExpiry(looked.At);
    }

    private void WarnOfExpiry(Watch watched)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        if ((watched.InUse ?? watched.Files.Current).ExpiresAt is { } end && end - now < _settings.ExpiryWarning)
            Publish(new TlsEvents.CertificateExpires(watched.Owner, end, end < now));
    }

    private static string Reason(Exception e) => e is TlsFileException file ? $"tls.{file.Setting}: {file.Message}" : e.Message;

    private static void Publish(TlsEvents.ITlsEvent happened) => Context.System.EventStream.Publish(happened);

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        Look,
        WarnOfExpiry,
    }

    /// <summary>To be watched until its owner is removed.</summary>
    public sealed record Watch(string Owner, TlsFiles Files)
    {
        /// <summary>What its owner goes on with when the files change; null: it takes what is loaded.</summary>
        public TlsMaterial? InUse { get; init; }

        /// <summary>That of a server; null: it has no TLS.</summary>
        public static Watch? Of(ServerSettings server) => server.Tls is { } tls ? new Watch($"server {server.Name}", tls.Files) : null;

        /// <summary>That of a target; null: it has no TLS.</summary>
        public static Watch? Of(TargetSettings target) => target.Tls is { } tls ? new Watch($"target {target.Name}", tls.Files) : null;

        /// <summary>That of this node; null: there is no cluster, or it has no TLS.</summary>
        public static Watch? Of(ClusterSettings cluster) => cluster.Tls is { } files ? new Watch("cluster", files) { InUse = files.Current } : null;
    }

    private sealed record Looked(Watch At, bool HasChanged, string? Failure) : IDeadLetterSuppression;
}

/// <summary>Reload and expiry of certificates; units, ranges and defaults stand in <c>reference.conf</c>, tls.</summary>
/// <param name="ReloadInterval">How often the files are compared.</param>
/// <param name="ExpiryWarning">Time before the expiry from which on there are warnings.</param>
public sealed record CertificateSettings(TimeSpan ReloadInterval, TimeSpan ExpiryWarning)
{
    internal static CertificateSettings From(SettingsSection section) => new(
        section.Duration("reload-interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1)),
        section.Duration("expiry-warning", TimeSpan.Zero, TimeSpan.FromDays(3650)));
}
