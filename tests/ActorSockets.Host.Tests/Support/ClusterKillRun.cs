using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests.Support;

/// <summary>What is done to a cluster.</summary>
internal enum ClusterFault
{
    /// <summary>SIGKILL of a node.</summary>
    Kill,

    /// <summary>SIGKILL of a node, which is not started again before the others have its targets.</summary>
    Lose,

    /// <summary>SIGSTOP of a node, and SIGCONT some time later: the others may have taken its targets.</summary>
    Stop,

    /// <summary>A node is cut off from the others, and reaches database, clients and targets.</summary>
    CutOff,

    /// <summary>Two nodes are cut off from each other, and both reach the third one.</summary>
    Part,

    /// <summary>All connections between nodes are reset.</summary>
    Reset,

    /// <summary>SIGTERM of a node.</summary>
    Terminate,

    /// <summary>The database's server crashes and starts again.</summary>
    Crash,
}

/// <summary>
/// Sends payloads to many targets through three nodes with one outbox in PostgreSQL, each of which is started again when it ends, while one
/// fault after another is done to them. After a fault, all targets must get what is handed over from then on; when the faults are over,
/// everything that was acknowledged must be at its targets, once, whole, and in order.
/// </summary>
internal sealed partial class ClusterKillRun : IAsyncDisposable
{
    private const int Nodes = 3;
    private const string Receiver = "receiver";

    // One in so many payloads is larger than a row of the database.
    private const int LargeInterval = 50;
    private const int LargeBytes = 1_200_000;
    private const int MostSmallBytes = 30_000;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly Programs _programs;
    private readonly string _directory;
    private readonly PrivatePostgres _server;
    private readonly int _groups;
    private readonly int _groupSize;
    private readonly TimeSpan _pause;
    private readonly TimeSpan _patience;
    private readonly Random _random;
    private readonly NodeLinks _links;
    private readonly int[][] _ports;
    private readonly int[] _up = new int[Nodes];
    private readonly int[] _begun;
    private readonly ConcurrentDictionary<string, byte[]> _acknowledged = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _targetPorts = new(StringComparer.Ordinal);
    private readonly List<string>[] _arrived;
    private readonly ConcurrentQueue<string>[] _said = [.. Enumerable.Range(0, Nodes).Select(_ => new ConcurrentQueue<string>())];
    private readonly CancellationTokenSource _failed = new();
    private readonly Task[] _mayRestart = [.. Enumerable.Repeat(Task.CompletedTask, Nodes)];
    private volatile bool _sending = true;
    private volatile bool _ending;

    /// <param name="program">The built program.</param>
    /// <param name="directory">For configurations and what is stored; the caller deletes it.</param>
    /// <param name="server">The outbox.</param>
    /// <param name="groups">Of targets: each payload goes to all of one group, and each group has a client.</param>
    /// <param name="groupSize">Targets of a group. Every second one gets one delivery at a time, in order.</param>
    /// <param name="pause">Between two payloads of a client, on average.</param>
    /// <param name="patience">The longest that targets may wait after a fault.</param>
    /// <param name="seed">Of sizes and instants.</param>
    public ClusterKillRun(string program, string directory, PrivatePostgres server, int groups, int groupSize, TimeSpan pause, TimeSpan patience, int seed)
    {
        (_programs, _directory, _server, _groups, _groupSize, _pause, _patience, _random) = (new Programs(program), directory, server, groups, groupSize, pause, patience, new Random(seed));
        _links = new NodeLinks(Nodes, node => _programs.IdOf(NameOf(node)));
        _ports = [.. Enumerable.Range(0, Nodes).Select(_ => Enumerable.Range(0, groups).Select(_ => FreePort.Next()).ToArray())];
        _begun = new int[groups];
        _arrived = [.. Enumerable.Range(0, Targets).Select(_ => new List<string>())];
    }

    /// <summary>How soon the others take a node's targets, as settings of the cluster.</summary>
    public string Profile { get; init; } = "heartbeat-pause = 3s, stable-after = 2s";

    /// <summary>Whether large payloads are files of a directory that all nodes share, and not rows.</summary>
    public bool HasPayloadDirectory { get; init; }

    private int Targets => _groups * _groupSize;

    /// <param name="faults">What is done, one after another.</param>
    /// <param name="hold">The longest that a node is stopped or cut off.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What happened; it throws when something is wrong.</returns>
    public async Task<Figures> RunAsync(IReadOnlyList<ClusterFault> faults, TimeSpan hold, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _failed.Token);
        var clock = Stopwatch.StartNew();
        List<Task> running = [ReceiveAsync(end.Token)];
        try
        {
            if (HasPayloadDirectory)
                Directory.CreateDirectory(PayloadDirectory);
            await WhenAsync(() => _targetPorts.Count == Targets, () => "the receiver does not listen", end.Token);
            for (var node = 0; node < Nodes; node++)
            {
                await File.WriteAllTextAsync(ConfOf(node), Configure(node), end.Token);
                running.Add(KeepRunningAsync(node, end.Token));
                // The first of them makes the cluster and the schema.
                await WhenUpAsync(node + 1, end.Token);
            }

            Task[] sending = [.. Enumerable.Range(0, _groups).Select(group => SendAsync(group, end.Token))];
            running.AddRange(sending);
            var recoveries = new List<(ClusterFault Fault, TimeSpan After)>();
            foreach (var fault in faults)
                recoveries.Add((fault, await DoAsync(fault, hold, end.Token)));
            _sending = false;
            await Task.WhenAll(sending);
            await WhenAsync(() => Missing().Count == 0, () => $"missing are {string.Join(' ', Missing().Take(20))}", end.Token);
            await CheckEmptyAsync(end.Token);
            _ending = true;
            _programs.SignalAll("TERM");
            await Task.WhenAll(running).WaitAsync(end.Token);
            Check();
            return new Figures(recoveries, _acknowledged.Count, _acknowledged.Count * _groupSize, clock.Elapsed);
        }
        catch (Exception) when (running.Find(task => task.IsFaulted) is { } failed)
        {
            await failed;
            throw;
        }
        finally
        {
            _programs.End();
            await _failed.CancelAsync();
        }
    }

    public ValueTask DisposeAsync() => _links.DisposeAsync();

    /// <returns>How long it took from the fault until all targets had something that was handed over after it.</returns>
    private async Task<TimeSpan> DoAsync(ClusterFault fault, TimeSpan hold, CancellationToken cancellation)
    {
        var node = Next(Nodes);
        var recovered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (fault == ClusterFault.Lose)
            Volatile.Write(ref _mayRestart[node], recovered.Task);
        var floor = _begun.Select(begun => begun + 1).ToArray();
        var clock = Stopwatch.StartNew();
        var undone = UndoAsync();
        await WhenAsync(() => Enumerable.Range(0, Targets).All(target => HasSince(target, floor[GroupOf(target)])), () => WhyNothing(fault, node, floor), cancellation);
        var recovery = clock.Elapsed;
        recovered.SetResult();
        await undone;
        await WhenUpAsync(Nodes, cancellation);
        await Task.Delay(Next(1000), cancellation);
        return recovery;

        async Task UndoAsync()
        {
            switch (fault)
            {
                case ClusterFault.Kill or ClusterFault.Lose:
                    _up[node] = 0;
                    _programs.Signal(NameOf(node), "KILL");
                    break;
                case ClusterFault.Stop:
                    _programs.Signal(NameOf(node), "STOP");
                    await Task.Delay(Next((int)hold.TotalMilliseconds), cancellation);
                    _programs.Signal(NameOf(node), "CONT");
                    break;
                case ClusterFault.CutOff or ClusterFault.Part:
                    _links.CutOff(node, fault == ClusterFault.Part ? (node + 1) % Nodes : null);
                    await Task.Delay(Next((int)hold.TotalMilliseconds), cancellation);
                    _links.Heal();
                    break;
                case ClusterFault.Reset:
                    await _links.BreakAsync(cancellation);
                    break;
                case ClusterFault.Terminate:
                    _up[node] = 0;
                    _programs.Signal(NameOf(node), "TERM");
                    break;
                case ClusterFault.Crash:
                    await _server.StopAsync();
                    await _server.StartAgainAsync();
                    break;
            }
        }
    }

    private string WhyNothing(ClusterFault fault, int node, int[] floor)
    {
        var without = Enumerable.Range(0, Targets).Where(target => !HasSince(target, floor[GroupOf(target)])).Select(target =>
        {
            lock (_arrived[target])
                return $"t{target}, which has {_arrived[target].Count} up to {_arrived[target].LastOrDefault()} and was to have one from {floor[GroupOf(target)]} on";
        });
        return $"after {fault} of {NameOf(node)}, these targets get nothing: {string.Join("; ", without)}\n{LastSaid()}";
    }

    private string LastSaid() => string.Join("\n--\n", _said.Select(said => string.Join('\n', said.TakeLast(15))));

    private bool HasSince(int target, int number)
    {
        lock (_arrived[target])
            return _arrived[target].FindLastIndex(name => NumberOf(name) >= number) >= 0;
    }

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        var conf = Path.Combine(_directory, "receiver.conf");
        for (var target = 0; target < Targets; target++)
            Directory.CreateDirectory(InboxOf(target));
        await File.WriteAllTextAsync(conf, $$"""
            actor-sockets {
              # Each line is read.
              report.max-lines-per-second = 100000
              server-defaults { protocol = deliveries, sink = file }
              servers {
                {{string.Join('\n', Enumerable.Range(0, Targets).Select(target => $"t{target}.directory = \"{InboxOf(target)}\""))}}
              }
            }
            """, cancellation);
        var exitCode = await _programs.RunAsync(Receiver, Heard, cancellation, "run", conf);
        if (exitCode != 0)
            Fail($"the receiver ended with {exitCode}");

        void Heard(string line)
        {
            if (Listening().Match(line) is { Success: true } listening)
                _targetPorts[listening.Groups[1].Value] = int.Parse(listening.Groups[2].Value, CultureInfo.InvariantCulture);
            if (Delivered().Match(line) is not { Success: true } delivered)
                return;
            // Of one that a killed node had sent it says only that it came again.
            var arrived = _arrived[int.Parse(delivered.Groups[1].Value, CultureInfo.InvariantCulture)];
            lock (arrived)
            {
                if (!arrived.Contains(delivered.Groups[2].Value))
                    arrived.Add(delivered.Groups[2].Value);
            }
        }
    }

    private string Configure(int node) => $$"""
        actor-sockets {
          cluster {
            enabled = on, port = {{_links.PortOf(node)}}, {{Profile}}
          }
          outbox { store = postgresql, connection = "{{_server.Connection}}", password-file = "{{_server.PasswordFile}}", payloads = "{{(HasPayloadDirectory ? PayloadDirectory : "")}}" }
          server-defaults { protocol = deliveries, sink = relay }
          servers {
            {{string.Join('\n', Enumerable.Range(0, _groups).Select(group => $"in-{group} {{ port = {_ports[node][group]}, relay-to = [{string.Join(", ", TargetsOf(group).Select(target => $"t{target}"))}] }}"))}}
          }
          target-defaults { protocol = deliveries, backoff { min = 50ms, max = 500ms } }
          targets {
            {{string.Join('\n', Enumerable.Range(0, Targets).Select(target => $"t{target} {{ port = {_targetPorts[$"t{target}"]}, window = {(target % 2 == 0 ? 1 : 64)} }}"))}}
          }
          server-defaults.rebind-delay = 50ms
          # Of what happens to targets and servers; nodes are always told.
          report.max-lines-per-second = 1
        }
        akka.remote.dot-netty.tcp { public-port = {{_links.PortOf(node)}}, port = {{_links.BoundPortOf(node)}} }
        """;

    private async Task KeepRunningAsync(int node, CancellationToken cancellation)
    {
        while (!_ending)
        {
            _said[node].Clear();
            var exitCode = await _programs.RunAsync(NameOf(node), Heard, cancellation, "run", ConfOf(node));
            _up[node] = 0;
            var isExcused = _said[node].Any(line => line.StartsWith("error: actor-sockets.cluster: this node is out", StringComparison.Ordinal)
                || line.StartsWith("error: actor-sockets.outbox: PostgreSQL on ", StringComparison.Ordinal));
            if (exitCode is not (0 or Programs.Killed) && !isExcused)
                Fail($"{NameOf(node)} ended with {exitCode}: {string.Join('\n', _said[node])}");
            await Volatile.Read(ref _mayRestart[node]).WaitAsync(cancellation);
        }

        void Heard(string line)
        {
            line = Timestamp().Replace(line, "");
            if (NodesUp().Match(line) is { Success: true } up)
                _up[node] = int.Parse(up.Groups[1].Value, CultureInfo.InvariantCulture);
            if (line.StartsWith("cluster", StringComparison.Ordinal) || line.StartsWith("outbox", StringComparison.Ordinal) || line.Contains("error: ", StringComparison.Ordinal) || line.Contains("warning: ", StringComparison.Ordinal))
                _said[node].Enqueue(line);
        }
    }

    private async Task SendAsync(int group, CancellationToken cancellation)
    {
        using var submitter = new Submitter([.. _ports.Select(ports => ports[group])]);
        while (_sending)
        {
            var number = Interlocked.Increment(ref _begun[group]);
            var payload = new byte[number % LargeInterval == 0 ? LargeBytes : 1 + Next(MostSmallBytes)];
            lock (_random)
                _random.NextBytes(payload);
            await submitter.SubmitAsync($"p-{group}-{number}", payload, cancellation);
            _acknowledged[$"p-{group}-{number}"] = SHA256.HashData(payload);
            await Task.Delay(Next(2 * (int)_pause.TotalMilliseconds), cancellation);
        }
    }

    private List<string> Missing()
    {
        var missing = new List<string>();
        for (var target = 0; target < Targets; target++)
        {
            lock (_arrived[target])
                missing.AddRange(NamesOf(GroupOf(target)).Except(_arrived[target]).Select(name => $"t{target}/{name}"));
        }

        return missing;
    }

    private async Task CheckEmptyAsync(CancellationToken cancellation)
    {
        var said = "";
        await WhenAsync(() => said == "[]", () => $"the outbox has {said}", cancellation, async () =>
            said = $"[{string.Join(' ', await _server.QueryAsync("relay", "select target || ' ' || id || ' ' || state from actorsockets.delivery union all select 'payload ' || number from actorsockets.payload"))}]");
    }

    /// <summary>Everything is at its targets once, whole and, where there was one at a time, in order.</summary>
    private void Check()
    {
        for (var target = 0; target < Targets; target++)
        {
            var expected = NamesOf(GroupOf(target));
            var files = Directory.GetFiles(InboxOf(target)).Select(path => Path.GetFileName(path)).ToArray();
            if (!files.Order(StringComparer.Ordinal).SequenceEqual(expected.Order(StringComparer.Ordinal)))
                throw new InvalidOperationException($"t{target} has {string.Join(' ', files.Except(expected))} too many, and {string.Join(' ', expected.Except(files))} too few");
            if (target % 2 == 0 && !_arrived[target].SequenceEqual(expected))
                throw new InvalidOperationException($"t{target} got {string.Join(' ', _arrived[target])}");
            foreach (var name in expected)
            {
                using var file = File.OpenRead(Path.Combine(InboxOf(target), name));
                if (!SHA256.HashData(file).AsSpan().SequenceEqual(_acknowledged[name]))
                    throw new InvalidOperationException($"{name} at t{target} is not what was sent");
            }
        }
    }

    /// <summary>Names of what was acknowledged for a group, in their order.</summary>
    private string[] NamesOf(int group) => [.. _acknowledged.Keys.Where(name => name.StartsWith($"p-{group}-", StringComparison.Ordinal)).OrderBy(NumberOf)];

    private Task WhenUpAsync(int nodes, CancellationToken cancellation) => WhenAsync(() => _up.Count(up => up == nodes) == nodes, () =>
        $"the nodes do not come together: {string.Join(' ', _up)}\n{LastSaid()}", cancellation);

    private async Task WhenAsync(Func<bool> isSo, Func<string> whyNot, CancellationToken cancellation, Func<Task>? look = null)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            if (clock.Elapsed > _patience)
                throw new TimeoutException($"after {_patience}, {whyNot()}");
            await Task.Delay(LookInterval, cancellation);
            await (look?.Invoke() ?? Task.CompletedTask);
        }
    }

    private IEnumerable<int> TargetsOf(int group) => Enumerable.Range(group * _groupSize, _groupSize);

    private int GroupOf(int target) => target / _groupSize;

    private string InboxOf(int target) => Path.Combine(_directory, $"t{target}");

    private string PayloadDirectory => Path.Combine(_directory, "payloads");

    private string ConfOf(int node) => Path.Combine(_directory, $"{NameOf(node)}.conf");

    private static string NameOf(int node) => $"node-{node}";

    private static int NumberOf(string name) => int.Parse(name.AsSpan(name.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);

    private int Next(int below)
    {
        lock (_random)
            return _random.Next(below);
    }

    private void Fail(string reason)
    {
        _failed.Cancel();
        throw new InvalidOperationException(reason);
    }

    [GeneratedRegex(@"^\S+Z ")]
    private static partial Regex Timestamp();

    [GeneratedRegex(@"server (t\d+): listening on \S+:(\d+)$")]
    private static partial Regex Listening();

    [GeneratedRegex(@"server t(\d+): \S+ delivered (p-\d+-\d+)(?:: | again)")]
    private static partial Regex Delivered();

    [GeneratedRegex(@"^cluster: \S+ is (?:up, of|out;) (\d+) node")]
    private static partial Regex NodesUp();

    /// <param name="Recoveries">How long after each fault all targets had something that was handed over since.</param>
    /// <param name="Payloads">Payloads acknowledged.</param>
    /// <param name="Deliveries">Deliveries of these, each found once, whole and in order.</param>
    /// <param name="Elapsed">How long it took.</param>
    internal sealed record Figures(IReadOnlyList<(ClusterFault Fault, TimeSpan After)> Recoveries, int Payloads, int Deliveries, TimeSpan Elapsed)
    {
        /// <summary>A line with the times of each kind of fault.</summary>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Recoveries.Count} faults, {Payloads} payloads, {Deliveries} deliveries in {Elapsed.TotalSeconds:0} s; ")
            + string.Join("; ", Recoveries.GroupBy(recovery => recovery.Fault, recovery => recovery.After.TotalSeconds).OrderBy(times => times.Key).Select(times =>
                string.Create(CultureInfo.InvariantCulture, $"{times.Key} {times.Count()}: {times.Order().ElementAt(times.Count() / 2):0.0} s, at most {times.Max():0.0} s")));
    }
}
