using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ActorSockets.Host.Tests.Support;

/// <summary>The built program, run as a user runs it: arguments in; output, exit code and signals out.</summary>
internal sealed partial class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _all = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly SemaphoreSlim _newLine = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _errors = new();
    private bool _readsOutput;
    private int _open = 2;

    private HostProcess(string program, IEnumerable<string> arguments, string input = "", string? directory = null, bool readsOutput = true)
    {
        // A shell starts what runs in the background, such as a test run, with SIGINT ignored, and that is inherited.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory ?? RepositoryRoot,
        };
        start.Environment["TERM"] = "xterm";
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Heard(e.Data, e.Data, _output);
        _process.ErrorDataReceived += (_, e) => Heard(e.Data, e.Data is null ? null : Timestamp().Replace(e.Data, ""), _errors);
        _process.Start();
        if (readsOutput)
            ReadOutput();
        _process.BeginErrorReadLine();
        _process.StandardInput.Write(input);
        _process.StandardInput.Close();
    }

    public static string RepositoryRoot { get; } = FindRoot();

    public string[] Output => [.. _output];

    /// <summary>Lines of stderr with their timestamps.</summary>
    public string[] Errors => [.. _errors];

    /// <summary>Both streams, without timestamps.</summary>
    public string Said
    {
        get
        {
            lock (_all)
                return _all.ToString();
        }
    }

    public int Id => _process.Id;

    /// <summary>As it is in the tool's package, where somebody has compiled that; or as it is built with the specs, which starts more slowly.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("ACTORSOCKETS_PROGRAM") ?? Path.Combine(AppContext.BaseDirectory, "ActorSockets.Host");

    public static HostProcess Start(params string[] arguments) => new(Program, arguments);

    /// <summary>On a terminal of this size, stdout and stderr alike.</summary>
    public static HostProcess StartOnTerminal(int columns, int rows, string variables, params string[] arguments) =>
        new("script", ["-qec", $"stty cols {columns} rows {rows}; {variables} exec {Program} {string.Join(' ', arguments)}", "/dev/null"]);

    public static HostProcess StartWithInput(string input, params string[] arguments) => new(Program, arguments, input);

    /// <summary>By way of another program, which is told what to run behind its own arguments and becomes it.</summary>
    public static HostProcess StartBelow(string starter, IEnumerable<string> itsArguments, params string[] arguments) =>
        new(starter, [.. itsArguments, Program, .. arguments]);

    public static HostProcess StartIn(string directory, params string[] arguments) => new(Program, arguments, directory: directory);
    /// <summary>Nobody reads its stdout before <see cref="ReadOutput"/>.</summary>
    public static HostProcess StartUnread(params string[] arguments) => new(Program, arguments, readsOutput: false);

    /// <summary>After some shell commands, and with some redirections.</summary>
    public static HostProcess StartInShell(string before, string redirections, params string[] arguments) =>
        new("bash", ["-c", $"{before} exec \"$0\" \"$@\" {redirections}", Program, .. arguments]);

    public void ReadOutput()
    {
        _readsOutput = true;
        _process.BeginOutputReadLine();
    }

    /// <summary>With so many file handles and no more.</summary>
    public static HostProcess StartWithLimit(int handles, params string[] arguments) =>
        new("bash", ["-c", $"ulimit -n {handles}; exec \"$0\" \"$@\"", Program, .. arguments]);

    public static async Task<(int ExitCode, string Said)> RunAsync(params string[] arguments)
    {
        await using var process = Start(arguments);
        return (await process.ExitCodeAsync(), process.Said);
    }

    /// <summary>Waits until it has said something that matches.</summary>
    public async Task<Match> HearAsync(string pattern)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (Regex.Match(Said, pattern, RegexOptions.Multiline) is { Success: true } match)
                return match;
            if (_ended.Task.IsCompleted)
                throw new InvalidOperationException($"It ended without saying '{pattern}', but:\n{Said}");
            try
            {
                await _newLine.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"It did not say '{pattern}', but:\n{Said}");
            }
        }
    }

    public async Task<int> PortOfAsync(string server) =>
        int.Parse((await HearAsync($@"^server {server}: listening on .*:(\d+)\r?$")).Groups[1].Value, CultureInfo.InvariantCulture);

    public Task SignalAsync(string name) => SignalAsync(_process.Id, name);

    public static async Task SignalAsync(int process, string name)
    {
        using var kill = Process.Start("kill", ["-s", name, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>The program itself, where this is the terminal that it runs on.</summary>
    public async Task<int> ChildAsync()
    {
        var children = await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{Id}/task/{Id}/children"));
        return int.Parse(children.Split(' ')[0], CultureInfo.InvariantCulture);
    }

    public async Task<int> ExitCodeAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Patience);
            if (!_readsOutput)
                ReadOutput();
            await _ended.Task.WaitAsync(Patience);
            return _process.ExitCode;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"It did not end, but said:\n{string.Join('\n', Said.Split('\n').TakeLast(40))}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _newLine.Dispose();
    }

    private void Heard(string? raw, string? line, ConcurrentQueue<string> stream)
    {
        if (line is null)
        {
            if (Interlocked.Decrement(ref _open) == 0)
                _ended.TrySetResult();
        }
        else
        {
            lock (_all)
                _all.AppendLine(line);
            stream.Enqueue(raw!);
        }

        _newLine.Release();
    }

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "ActorSockets.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException("the tests run inside the repository");
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")]
    private static partial Regex Timestamp();
}
