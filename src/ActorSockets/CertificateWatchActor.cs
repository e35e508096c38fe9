using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Platform;
using ActorSockets.Transport.Tls;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets;

/// <summary>
/// Compares the TLS files of every server and target with what is loaded: new connections use changed files. Warns of
/// certificates that expire soon, at the start and once a day. It reads the files because a watch by the kernel misses a link
/// that is swapped in a directory above them, as Kubernetes does.
/// </summary>
internal sealed class CertificateWatchActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly CertificateSettings _settings;
    private readonly IReadOnlyList<(string Owner, TlsFiles Files)> _watched;
    private readonly BlockingThreads _disk;
    private readonly TimeProvider _clock;
    private readonly HashSet<string> _looking = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _failures = new(StringComparer.Ordinal);

    public CertificateWatchActor(CertificateSettings settings, IReadOnlyList<(string Owner, TlsFiles Files)> watched, TimeProvider clock)
    {
        _settings = settings;
        _watched = watched;
        _clock = clock;
        _disk = new BlockingThreads("certificate files", 2);
    }

    public static Props Props(CertificateSettings settings, IReadOnlyList<(string Owner, TlsFiles Files)> watched, TimeProvider? clock = null) =>
        PlainProps.Of(() => new CertificateWatchActor(settings, watched, clock ?? TimeProvider.System));

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(Signal.Look, Signal.Look, _settings.ReloadInterval);
        Timers.StartPeriodicTimer(Signal.WarnOfExpiry, Signal.WarnOfExpiry, TimeSpan.Zero, Day);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Signal.Look:
                // A disk that hangs is not asked again before it has answered.
                foreach (var (owner, files) in _watched.Where(w => _looking.Add(w.Owner)))
                    _disk.Run(files.Load).PipeTo(Self, success: changed => new Looked(owner, changed, null), failure: e => new Looked(owner, false, Reason(e)));
                break;
            case Looked looked:
                _looking.Remove(looked.Owner);
                Say(looked);
                break;
            case Signal.WarnOfExpiry:
                foreach (var (owner, files) in _watched)
                    WarnOfExpiry(owner, files);
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
            if (_failures.GetValueOrDefault(looked.Owner) != reason)
                Publish(new TlsEvents.CertificateNotReloaded(looked.Owner, reason));
            _failures[looked.Owner] = reason;
            return;
        }

        _failures.Remove(looked.Owner);
        if (!looked.HasChanged)
            return;
        var files = _watched.First(w => w.Owner == looked.Owner).Files;
        Publish(new TlsEvents.CertificateReloaded(looked.Owner, files.Current.ExpiresAt));
        WarnOfExpiry(looked.Owner, files);
    }

    private void WarnOfExpiry(string owner, TlsFiles files)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        if (files.Current.ExpiresAt is { } end && end - now < _settings.ExpiryWarning)
            Publish(new TlsEvents.CertificateExpires(owner, end, end < now));
    }

    private static string Reason(Exception e) => e is TlsFileException file ? $"tls.{file.Setting}: {file.Message}" : e.Message;

    private static void Publish(TlsEvents.ITlsEvent happened) => Context.System.EventStream.Publish(happened);

    /// <summary>What it tells itself; also the key of the timer that does.</summary>
    private enum Signal
    {
        Look,
        WarnOfExpiry,
    }

    private sealed record Looked(string Owner, bool HasChanged, string? Failure) : IDeadLetterSuppression;
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
