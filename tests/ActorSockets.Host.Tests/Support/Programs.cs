using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ActorSockets.Host.Tests.Support;

/// <summary>The built program, run again and again by a kill run. Each of them has a name, by which it is signalled.</summary>
/// <param name="program">The program.</param>
internal sealed class Programs(string program)
{
    /// <summary>The exit code of one that was killed.</summary>
    public const int Killed = 128 + 9;

    private readonly ConcurrentDictionary<string, Process> _running = new(StringComparer.Ordinal);
    private bool _isOver;

    /// <summary>Runs one to its end.</summary>
    /// <param name="name">Which one.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code, and what it said on both streams.</returns>
    public async Task<(int ExitCode, string Said)> RunAsync(string name, CancellationToken cancellation, params string[] arguments)
    {
        var said = new StringBuilder();
        var exitCode = await RunAsync(name, line => said.AppendLine(line), cancellation, arguments);
        return (exitCode, said.ToString());
    }

    /// <summary>Runs one to its end.</summary>
    /// <param name="name">Which one.</param>
    /// <param name="heard">Gets each line that it says, one at a time.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code.</returns>
    public async Task<int> RunAsync(string name, Action<string> heard, CancellationToken cancellation, params string[] arguments)
    {
        using var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true } };
        var oneAtATime = new object();
        process.OutputDataReceived += Heard;
        process.ErrorDataReceived += Heard;
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            process.Start();
            _running[name] = process;
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return process.ExitCode;

        void Heard(object sender, DataReceivedEventArgs e)
        {
            if (e.Data is null)
                return;
            lock (oneAtATime)
                heard(e.Data);
        }
    }

    /// <summary>The process; null: it does not run now.</summary>
    public int? IdOf(string name)
    {
        try
        {
            return _running.TryGetValue(name, out var process) && !process.HasExited ? process.Id : null;
        }
        catch (InvalidOperationException)
        {
            // It is gone, and so is what knew it.
            return null;
        }
    }

    /// <summary>Whether it was there to be signalled.</summary>
    public bool Signal(string name, string signal)
    {
        if (IdOf(name) is not { } id)
            return false;
        using var kill = Process.Start("kill", ["-s", signal, id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        return kill.ExitCode == 0;
    }

    /// <summary>Kills all that run; no other is run any more.</summary>
    public void End()
    {
        lock (_running)
            _isOver = true;
        SignalAll("KILL");
    }

    /// <summary>Signals all that run.</summary>
    public void SignalAll(string signal)
    {
        foreach (var name in _running.Keys)
            Signal(name, signal);
    }
}
