using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace ActorSockets.Host.Tests.Support;

/// <summary>
/// Sends payloads, as deliveries and raw, through a relay to a server of deliveries and a raw one, while senders, relay and servers are
/// killed at random instants and started again, and the database too, if it is a server. After each kill of the relay its database is
/// checked; when the kills are over, everything that was acknowledged is looked for.
/// </summary>
internal sealed class RelayKillRun
{
    private readonly Programs _programs;
    private readonly string _directory;
    private readonly RelayStore _store;
    private readonly int _kills;
    private readonly long _longest;
    private readonly TimeSpan _patience;
    private readonly Random _random;
    private readonly ConcurrentDictionary<string, Payload> _sent = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _failed = new();
    private readonly (int Deliveries, int Raw, int Berlin, int Oslo) _ports = (FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next());
    private int _number;
    private int _checks;
    private int _cuts;
    private volatile bool _killing = true;

    /// <param name="program">The built program.</param>
    /// <param name="directory">For payloads, the outbox and what is stored; the caller deletes it.</param>
    /// <param name="kills">Kills, after which the run comes to its end.</param>
    /// <param name="longest">Bytes of the longest payload; as many payloads are between 100 and 1,000 bytes as between 1 and 10 MB.</param>
    /// <param name="patience">The longest that the run may take.</param>
    /// <param name="seed">Of sizes and instants.</param>
    /// <param name="store">The outbox; null: in the directory.</param>
    public RelayKillRun(string program, string directory, int kills, long longest, TimeSpan patience, int seed, RelayStore? store = null)
    {
        _store = store ?? new SqliteRelayStore(directory);
        (_programs, _directory, _kills, _longest, _patience, _random) = (new Programs(program), directory, kills, longest, patience, new Random(seed));
        foreach (var server in (string[])["berlin", "oslo"])
            Directory.CreateDirectory(Path.Combine(_directory, server));
        File.WriteAllText(Conf, $$"""
            actor-sockets {
              {{_store.Hocon}}
              server-defaults.rebind-delay = 50ms
              servers {
                in { port = {{_ports.Deliveries}}, protocol = deliveries, sink = relay, relay-to = [berlin, oslo] }
                raw { port = {{_ports.Raw}}, receipt = on, sink = relay, relay-to = [berlin, oslo] }
              }
              target-defaults { backoff { min = 20ms, max = 200ms } }
              targets {
                berlin { port = {{_ports.Berlin}}, protocol = deliveries }
                oslo { port = {{_ports.Oslo}}, confirm = receipt }
              }
              report.quiet = on
            }
            """);
    }

    private string Conf => Path.Combine(_directory, "relay.conf");

    /// <returns>What happened; it throws when something is wrong.</returns>
    public async Task<Figures> RunAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _failed.Token);
        deadline.CancelAfter(_patience);
        var clock = Stopwatch.StartNew();
        Task[] serving =
        [
            KeepRunningAsync("relay", CheckDatabase, deadline.Token, "run", Conf),
            KeepRunningAsync("berlin", Nothing, deadline.Token, "serve", $":{_ports.Berlin}", "--quiet", "--protocol", "deliveries", "--sink", Path.Combine(_directory, "berlin"), "--set", "actor-sockets.server-defaults.rebind-delay=50ms"),
            KeepRunningAsync("oslo", Nothing, deadline.Token, "serve", $":{_ports.Oslo}", "--quiet", "--receipt", "--sink", Path.Combine(_directory, "oslo"), "--set", "actor-sockets.server-defaults.rebind-delay=50ms"),
        ];
        Task[] sending = [.. Enumerable.Range(0, 2).Select(i => SendDeliveriesAsync($"sender-{i}", deadline.Token)), .. Enumerable.Range(0, 2).Select(_ => SendRawAsync(deadline.Token))];
        try
        {
            var kills = await KillAsync(deadline.Token);
            await Task.WhenAll(sending);
            while (await WaitingAsync(deadline.Token) is not "")
                await Task.Delay(100, deadline.Token);
            _programs.SignalAll("TERM");
            await Task.WhenAll(serving).WaitAsync(deadline.Token);
            var (berlin, oslo) = await CheckAsync();
            CheckDatabase();
            var raw = _sent.Values.Where(sent => sent.IsRaw).ToArray();
            return new Figures(kills, _checks, _sent.Count, raw.Length, _sent.Values.Sum(sent => sent.Length), raw.Sum(sent => sent.Attempts - 1), berlin, oslo, clock.Elapsed);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            await Task.WhenAny([.. sending.Concat(serving).Where(task => task.IsFaulted), Task.CompletedTask]).Unwrap();
            throw new TimeoutException($"after {_patience}, {_sent.Count} payloads had been acknowledged, and these waited: {await WaitingAsync(CancellationToken.None)}");
        }
        finally
        {
            _programs.End();
            await _failed.CancelAsync();
        }
    }

    /// <summary>Everything acknowledged is at both servers, whole; what went by deliveries alone, once.</summary>
    /// <returns>Copies beside the first, at each server.</returns>
    private async Task<(int Berlin, int Oslo)> CheckAsync()
    {
        var left = await _store.LeftAsync();
        if (left.Count > 0)
            throw new InvalidOperationException($"the outbox has left {string.Join(' ', left)}");
        var (berlin, oslo) = (Copies("berlin"), Copies("oslo"));
        // Oslo has one connection at a time, which a kill of either end leaves without an answer.
        return oslo <= berlin + _cuts * _store.MostUnknown ? (berlin, oslo) : throw new InvalidOperationException($"{oslo} copies at oslo, {berlin} at berlin, and {_cuts} kills of relay and oslo");

        int Copies(string server)
        {
            var copies = 0;
            var stored = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var path in Directory.GetFiles(Path.Combine(_directory, server)).Where(path => !path.EndsWith(".partial", StringComparison.Ordinal)))
            {
                var name = Identify(path);
                stored[name] = stored.GetValueOrDefault(name) + 1;
            }

            foreach (var (name, sent) in _sent)
            {
                var times = stored.GetValueOrDefault(name);
                // To a server of deliveries, as often as the relay had it; an attempt that was not answered may have reached it.
                if (times == 0 || (server == "berlin" && times > sent.Attempts))
                    throw new InvalidOperationException($"{name}, sent {sent.Attempts} times, is {times} times at {server}");
                copies += times - 1;
            }

            return copies;
        }
    }

    /// <summary>The name in a file's first bytes, once all of it was compared with what was sent.</summary>
    private string Identify(string path)
    {
        using var file = File.OpenRead(path);
        var head = new byte[20];
        var name = Encoding.ASCII.GetString(head, 0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)).TrimEnd();
        file.Position = 0;
        if (!_sent.TryGetValue(name, out var sent) || file.Length != sent.Length || !SHA256.HashData(file).AsSpan().SequenceEqual(sent.Digest))
            throw new InvalidOperationException($"{path}, of {file.Length} B, is none of the payloads");
        return name;
    }

    private async Task<int> KillAsync(CancellationToken cancellation)
    {
        string[] names = ["relay", "relay", "relay", "berlin", "oslo", "sender-0", "sender-1", .. _store.Crash is null ? (string[])[] : ["store", "store", "store"]];
        var kills = 0;
        for (var i = 0; i < _kills; i++)
        {
            await Task.Delay(Next(1200), cancellation);
            var name = names[Next(names.Length)];
            if (name == "store")
                await _store.Crash!();
            else if (!_programs.Signal(name, "KILL"))
                continue;
            kills++;
            _cuts += name is "relay" or "oslo" ? 1 : 0;
        }

        _killing = false;
        return kills;
    }

    private async Task KeepRunningAsync(string name, Action checkAfterKill, CancellationToken cancellation, params string[] arguments)
    {
        var exitCode = Programs.Killed;
        while (exitCode != 0)
        {
            (exitCode, var said) = await _programs.RunAsync(name, cancellation, arguments);
            if (exitCode is not (0 or Programs.Killed) && !_store.Excuses(said))
                Fail($"{name} ended with {exitCode}: {said}");
            checkAfterKill();
        }
    }

    private static void Nothing()
    {
    }

    private void CheckDatabase()
    {
        if (_store.WhyDamaged() is { } damage)
            Fail($"the relay's database is damaged after a kill: {damage}");
        _checks++;
    }

    private async Task SendDeliveriesAsync(string sender, CancellationToken cancellation)
    {
        while (_killing)
        {
            var (name, bytes) = Make();
            var path = Path.Combine(_directory, name);
            await File.WriteAllBytesAsync(path, bytes, cancellation);
            var exitCode = Programs.Killed;
            while (exitCode == Programs.Killed)
            {
                (exitCode, var said) = await _programs.RunAsync(sender, cancellation, "send", path, "--to", $":{_ports.Deliveries}", "--protocol", "deliveries", "--id", name, "--quiet",
                    "--set", "actor-sockets.target-defaults.backoff={ min = 20ms, max = 200ms }");
                if (exitCode is not (0 or Programs.Killed))
                    Fail($"{sender} ended with {exitCode}: {said}");
            }

            // However often it was tried: it is one delivery.
            _sent[name] = new Payload(bytes.Length, SHA256.HashData(bytes), Attempts: 1, IsRaw: false);
        }
    }

    private async Task SendRawAsync(CancellationToken cancellation)
    {
        while (_killing)
        {
            var (name, bytes) = Make();
            var receipt = $"received {bytes.Length} sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}\n";
            for (var attempts = 1; ; attempts++)
            {
                // Noted before it is sent: an attempt without an answer may have been stored.
                _sent[name] = new Payload(bytes.Length, SHA256.HashData(bytes), attempts, IsRaw: true);
                if (await TryRawAsync(bytes, cancellation) == receipt)
                    break;
                await Task.Delay(20, cancellation);
            }
        }
    }

    private async Task<string> TryRawAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _ports.Raw, cancellation);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(bytes, cancellation);
            socket.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            return await reader.ReadToEndAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return "";
        }
    }

    /// <summary>The targets that have deliveries, as <c>actorsockets queue</c> tells; it says an error while the relay creates the outbox.</summary>
    private async Task<string> WaitingAsync(CancellationToken cancellation)
    {
        var (exitCode, said) = await _programs.RunAsync("queue", cancellation, "queue", Conf, "--json");
        return exitCode == 0 ? said.Trim() : "an error";
    }

    private (string Name, byte[] Bytes) Make()
    {
        var name = $"payload-{Interlocked.Increment(ref _number)}";
        lock (_random)
        {
            var bytes = new byte[100 + (long)Math.Exp(_random.NextDouble() * Math.Log(_longest))];
            _random.NextBytes(bytes);
            Encoding.ASCII.GetBytes(name.PadRight(20), bytes);
            return (name, bytes);
        }
    }

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

    /// <param name="Kills">Processes killed.</param>
    /// <param name="Checks">Databases found without damage: after each kill of the relay, and at the end.</param>
    /// <param name="Payloads">Payloads acknowledged, each found at both servers, whole.</param>
    /// <param name="Raw">Of these, those that came raw.</param>
    /// <param name="Bytes">Of all.</param>
    /// <param name="Unanswered">Attempts of raw senders that the relay did not answer.</param>
    /// <param name="TwiceAtBerlin">Copies beside the first at the server of deliveries: some of these attempts had been stored.</param>
    /// <param name="TwiceAtOslo">The same at the raw server, which also has attempts of the relay that it did not answer.</param>
    /// <param name="Elapsed">How long it took.</param>
    internal sealed record Figures(int Kills, int Checks, int Payloads, int Raw, long Bytes, int Unanswered, int TwiceAtBerlin, int TwiceAtOslo, TimeSpan Elapsed);

    private sealed record Payload(long Length, byte[] Digest, int Attempts, bool IsRaw);
}
