using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>A process that a run has started, and that ends with it: what it says and when, its port, its memory.</summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly Process _process;
    private readonly List<Line> _said = [];
    private readonly string _name;
    private readonly long _startedAt;

    private Child(Launch command)
    {
        _name = Path.GetFileName(command.Program);
        // exec, so that the process that is started is the one that is measured and ended.
        var script = $"{(command.ManyHandles ? "ulimit -Sn hard; " : "")}exec \"$0\" \"$@\" <'{command.Input}'{(command.DiscardsOutput ? " >/dev/null" : "")}{(command.DiscardsTalk ? " 2>/dev/null" : "")}";
        _startedAt = Stopwatch.GetTimestamp();
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("bash", ["-c", script, command.Program, .. command.Arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += (_, e) => Heard(e.Data);
        _process.ErrorDataReceived += (_, e) => Heard(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static Child Start(Launch command) => new(command);

    /// <summary>How long after this process was started a line, its own or another's, was heard.</summary>
    public TimeSpan SinceStart(Line line) => Stopwatch.GetElapsedTime(_startedAt, line.At);

    /// <summary>The n-th line that matches, once it is said.</summary>
    public async Task<Line> HearAsync(string pattern, CancellationToken cancellation, int nth = 1)
    {
        while (true)
        {
            var ended = await HasSaidAllAsync(cancellation);
            lock (_said)
            {
                if (_said.Where(l => Regex.IsMatch(l.Text, pattern)).Skip(nth - 1).FirstOrDefault() is { } line)
                    return line with { Groups = Regex.Match(line.Text, pattern).Groups };
            }

            if (ended)
                throw new InvalidOperationException($"{_name} ended without '{pattern}': {Last()}");
            await WaitAsync($"'{pattern}'", cancellation);
        }
    }

    /// <summary>The port it listens on, once it does.</summary>
    public async Task<int> PortAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (Proc.ListeningPort(Id) is { } port)
                return port;
            if (await HasSaidAllAsync(cancellation))
                throw new InvalidOperationException($"{_name} ended without listening: {Last()}");
            await WaitAsync("a port", cancellation);
        }
    }

    /// <summary>Waits for its end, which has to be a good one.</summary>
    /// <returns>How long it ran, and its peak memory in KiB as last seen.</returns>
    public async Task<(TimeSpan Elapsed, long PeakKiB)> EndAsync(CancellationToken cancellation, bool watchMemory = false)
    {
        var peak = 0L;
        var ended = _process.WaitForExitAsync(cancellation);
        while (watchMemory && !ended.IsCompleted)
        {
            peak = Math.Max(peak, Proc.MemoryKiB(Id, "VmHWM"));
            await Task.WhenAny(ended, Task.Delay(PollInterval * 5, cancellation));
        }

        try
        {
            await ended;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{_name} did not end in time: {Last()}");
        }

        var elapsed = Stopwatch.GetElapsedTime(_startedAt);
        return _process.ExitCode == 0 ? (elapsed, peak) : throw new InvalidOperationException($"{_name} ended with {_process.ExitCode}: {Last()}");
    }

    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Whether it has ended; then all its lines are there, which come a little later than its end.</summary>
    private async Task<bool> HasSaidAllAsync(CancellationToken cancellation)
    {
        if (!_process.HasExited)
            return false;
        await _process.WaitForExitAsync(cancellation);
        return true;
    }

    private async Task WaitAsync(string what, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(PollInterval, cancellation);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{_name} did not say {what} in time: {Last()}");
        }
    }

    private void Heard(string? text)
    {
        if (text is null)
            return;
        lock (_said)
            _said.Add(new Line(text, Stopwatch.GetTimestamp()));
    }

    private string Last()
    {
        lock (_said)
            return _said.Count == 0 ? "it said nothing" : _said[^1].Text;
    }

    /// <summary>What was said, and when it was heard.</summary>
    internal sealed record Line(string Text, long At)
    {
        public GroupCollection Groups { get; init; } = null!;

        public double Number(int group) => double.Parse(Groups[group].Value, CultureInfo.InvariantCulture);
    }
}
