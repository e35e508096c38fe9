using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;

namespace ActorSockets.Host.Tests.Support;

/// <summary>
/// Sends payloads of the deliveries protocol through a relay that resets connections, while sender and server are killed at random
/// instants, alone and together, and started again. When the kills are over, the last payloads arrive, and everything is looked at.
/// </summary>
internal sealed class KillRun
{
    // What sockets and both programs hold of a connection, each way of a relay counted.
    private const long InFlight = 32 << 20;
    private const int FlushBytes = 1 << 20;
    private const string Server = "server";

    private readonly Programs _programs;
    private readonly string _directory;
    private readonly int _kills;
    private readonly long _longest;
    private readonly TimeSpan _patience;
    private readonly Random _random;
    private readonly ConcurrentDictionary<string, Sent> _delivered = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _failed = new();
    private readonly int _senders;
    private int _number;
    private volatile bool _killing = true;

    /// <param name="program">The built program.</param>
    /// <param name="directory">For payloads and what is stored; the caller deletes it.</param>
    /// <param name="kills">Kills, after which the run comes to its end.</param>
    /// <param name="longest">Bytes of the longest payload; as many payloads are between 1 and 10 bytes as between 1 and 10 MB.</param>
    /// <param name="senders">Programs that send at a time.</param>
    /// <param name="patience">The longest that the run may take.</param>
    /// <param name="seed">Of sizes and instants.</param>
    public KillRun(string program, string directory, int kills, long longest, int senders, TimeSpan patience, int seed)
    {
        (_programs, _directory, _kills, _longest, _senders, _patience, _random) = (new Programs(program), directory, kills, longest, senders, patience, new Random(seed));
        Directory.CreateDirectory(Inbox);
    }

    private string Inbox => Path.Combine(_directory, "inbox");

    /// <returns>What happened; it throws when something is wrong.</returns>
    public async Task<Figures> RunAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _failed.Token);
        deadline.CancelAfter(_patience);
        var clock = Stopwatch.StartNew();
        var port = FreePort.Next();
        await using var relay = new CuttingRelay(port, NextCut);
        var serving = ServeAsync(port, deadline.Token);
        var sending = Enumerable.Range(0, _senders).Select(i => SendAsync(i, relay.Port, deadline.Token)).ToArray();
        try
        {
            var (ofSenders, ofServers) = await KillAsync(deadline.Token);
            await Task.WhenAll(sending).WaitAsync(deadline.Token);
            _programs.Signal(Server, "TERM");
            await serving.WaitAsync(deadline.Token);
            var bytes = _delivered.Values.Sum(sent => sent.Length);
            var figures = new Figures(ofSenders, ofServers, relay.Cuts, _delivered.Count, bytes, relay.Forwarded - bytes, clock.Elapsed);
            Check(figures);
            return figures;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            await Task.WhenAny(sending.Append(serving).Where(task => task.IsFaulted).DefaultIfEmpty(Task.CompletedTask)).Unwrap();
            throw new TimeoutException($"after {_patience}, {_delivered.Count} payloads had arrived");
        }
        finally
        {
            _programs.End();
            await _failed.CancelAsync();
        }
    }

    private void Check(Figures figures)
    {
        var stored = Directory.GetFiles(Inbox).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
        if (!stored.SequenceEqual(_delivered.Keys.Order(StringComparer.Ordinal)))
            throw new InvalidOperationException($"stored are {string.Join(' ', stored)}; delivered {string.Join(' ', _delivered.Keys.Order(StringComparer.Ordinal))}");
        foreach (var (name, sent) in _delivered)
            CheckStored(name, sent);
        var left = Directory.GetFiles(Path.Combine(Inbox, ".actorsockets", "partial"));
        if (left.Length > 0)
            throw new InvalidOperationException($"left over are {string.Join(' ', left)}");
        // Each payload was on its way as often as something broke.
        var breaks = figures.Senders + figures.Servers + figures.Resets;
        if (figures.Resent > breaks * (InFlight + FlushBytes) + figures.Payloads * 1024L)
            throw new InvalidOperationException($"{figures.Resent} B more than the payloads were sent in {breaks} breaks");
    }

    private void CheckStored(string name, Sent sent)
    {
        using var file = File.OpenRead(Path.Combine(Inbox, name));
        if (file.Length != sent.Length || !SHA256.HashData(file).AsSpan().SequenceEqual(sent.Digest))
            throw new InvalidOperationException($"{name} is not what was sent: {file.Length} of {sent.Length} B");
    }

    private async Task<(int Senders, int Servers)> KillAsync(CancellationToken cancellation)
    {
        var (senders, servers) = (0, 0);
        for (var i = 0; i < _kills; i++)
        {
            await Task.Delay(Next(1200), cancellation);
            var which = Next(3);
            if (which != 1)
                senders += _programs.Signal(SenderName(Next(_senders)), "KILL") ? 1 : 0;
            if (which != 0)
                servers += _programs.Signal(Server, "KILL") ? 1 : 0;
        }

        _killing = false;
        return (senders, servers);
    }

    private async Task ServeAsync(int port, CancellationToken cancellation)
    {
        int exitCode;
        do
        {
            var (code, said) = await _programs.RunAsync(Server, cancellation, "serve", $"127.0.0.1:{port}", "--sink", Inbox, "--protocol", "deliveries", "--quiet",
                "--set", $"actor-sockets.server-defaults.flush-bytes={FlushBytes}", "--set", "actor-sockets.server-defaults.rebind-delay=50ms");
            exitCode = code;
            if (exitCode is not (0 or Programs.Killed))
                Fail($"the server ended with {exitCode}: {said}");
        }
        while (exitCode == Programs.Killed);
    }

    private async Task SendAsync(int sender, int port, CancellationToken cancellation)
    {
        while (_killing)
        {
            var (name, length) = ($"payload-{Interlocked.Increment(ref _number)}", (long)Math.Exp(NextDouble() * Math.Log(_longest)));
            var path = Path.Combine(_directory, name);
            var sent = new Sent(length, Make(path, length));
            var exitCode = Programs.Killed;
            while (exitCode == Programs.Killed)
            {
                (exitCode, var said) = await _programs.RunAsync(SenderName(sender), cancellation, "send", path, "--to", $":{port}", "--protocol", "deliveries", "--id", name,
                    "--quiet", "--set", "actor-sockets.target-defaults.backoff={ min = 20ms, max = 200ms }");
                if (exitCode is not (0 or Programs.Killed))
                    Fail($"a sender ended with {exitCode}: {said}");
            }

            CheckStored(name, sent);
            _delivered[name] = sent;
            File.Delete(path);
        }
    }

    private byte[] Make(string path, long length)
    {
        var block = new byte[64 * 1024];
        lock (_random)
            _random.NextBytes(block);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = File.Create(path);
        for (var left = length; left > 0; left -= block.Length)
        {
            BitConverter.TryWriteBytes(block, left);
            var count = (int)Math.Min(left, block.Length);
            file.Write(block, 0, count);
            hash.AppendData(block, 0, count);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>A third of the connections is reset, at a byte as likely below 100 KB as above.</summary>
    private long? NextCut() => _killing && Next(3) == 0 ? 1 + (long)Math.Exp(NextDouble() * Math.Log(1e10)) : null;

    private static string SenderName(int sender) => $"sender-{sender}";

    private int Next(int below)
    {
        lock (_random)
            return _random.Next(below);
    }

    private double NextDouble()
    {
        lock (_random)
            return _random.NextDouble();
    }

    private void Fail(string reason)
    {
        _failed.Cancel();
        throw new InvalidOperationException(reason);
    }

    /// <param name="Senders">Senders killed.</param>
    /// <param name="Servers">Servers killed.</param>
    /// <param name="Resets">Connections reset on their way.</param>
    /// <param name="Payloads">Payloads, each stored once and byte for byte.</param>
    /// <param name="Bytes">Of these.</param>
    /// <param name="Resent">Bytes that were sent beside these, lines of the protocol included.</param>
    /// <param name="Elapsed">How long it took.</param>
    internal sealed record Figures(int Senders, int Servers, int Resets, int Payloads, long Bytes, long Resent, TimeSpan Elapsed);

    private sealed record Sent(long Length, byte[] Digest);
}
