using System.Globalization;
using System.Runtime.InteropServices;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host;

/// <summary>
/// SIGINT, SIGTERM and SIGHUP, from before a run reads its configuration until it has ended. The first one asks for an orderly
/// stop, the second one for an end at once. In a run that can reload its configuration, SIGHUP asks for that instead, unless it
/// says that the terminal was closed.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly bool _reloads;
    private readonly bool _hadTerminal;
    private TaskCompletionSource _reload = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<PosixSignal> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopped = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <param name="reloads">Whether the run can reload its configuration.</param>
    public StopSignals(bool reloads = false)
    {
        _reloads = reloads;
        _hadTerminal = reloads && Terminal.IsControlling;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Signalled));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Signalled));
        // nohup ignores SIGHUP before the program starts; a handler would undo that (.NET 10).
        if (!IgnoresHangup())
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Signalled));
    }

    /// <summary>Completes with the first signal.</summary>
    public Task<PosixSignal> First => _first.Task;

    /// <summary>Completes with the second signal.</summary>
    public Task Second => _second.Task;

    /// <summary>Completes with a SIGHUP that asks for a reload.</summary>
    public Task Reload => Volatile.Read(ref _reload).Task;

    /// <summary>From here on <see cref="Reload"/> waits for the next one.</summary>
    public void TakeReload() => Volatile.Write(ref _reload, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stopped => _stopped.Token;

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _stopped.Dispose();
    }

    private void Signalled(PosixSignalContext context)
    {
        context.Cancel = true;
        if (context.Signal == PosixSignal.SIGHUP && _reloads && _hadTerminal == Terminal.IsControlling)
            Volatile.Read(ref _reload).TrySetResult();
        else if (_first.TrySetResult(context.Signal))
            _stopped.Cancel();
        else
            _second.TrySetResult();
    }

    private static bool IgnoresHangup()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        var ignored = File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("SigIgn:", StringComparison.Ordinal));
        // A bit for each signal; SIGHUP is number 1.
        return ignored is not null && (ulong.Parse(ignored.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0;
    }
}
