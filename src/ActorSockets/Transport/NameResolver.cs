using System.Net;
using System.Net.Sockets;
using ActorSockets.Platform;

namespace ActorSockets.Transport;

/// <summary>
/// Resolves names on threads of its own: getaddrinfo(3) blocks, for half a minute when the name's DNS server is silent.
/// </summary>
/// <remarks>
/// <para>Callers that ask for the same name at the same time share one lookup, so a name that hangs holds one thread. Answers
/// are not kept: the next call asks again.</para>
/// <para>A lookup is slow when it has run for a second, or when the last one of its name failed or took that long. Slow
/// lookups start only while they hold less than three quarters of the threads: the rest is for the other names.</para>
/// </remarks>
internal sealed class NameResolver
{
    /// <summary>Lookups at a time.</summary>
    public const int DefaultThreads = 256;

    private static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(10);

    private readonly int _maxLookups;
    private readonly int _maxSlow;
    private readonly Func<string, IPAddress[]> _resolve;
    private readonly TimeProvider _clock;
    private readonly BlockingThreads _threads;
    private readonly Lock _lock = new();

    // Every lookup that waits or runs, by its name.
    private readonly Dictionary<string, Lookup> _lookups = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<Lookup> _running = [];
    private readonly Queue<Lookup> _waiting = new();
    private readonly Queue<Lookup> _waitingSlow = new();

    // Names whose last lookup was slow, and when that ended.
    private readonly Dictionary<string, long> _slowNames = new(StringComparer.OrdinalIgnoreCase);
    private long _sweptAt;

    /// <param name="maxThreads">Lookups at a time, 2 and more.</param>
    /// <param name="resolve">Blocks until it has the addresses of a name, or throws; the system's resolver unless given.</param>
    /// <param name="clock">What tells how long a lookup takes; the system's clock unless given.</param>
    public NameResolver(int maxThreads = DefaultThreads, Func<string, IPAddress[]>? resolve = null, TimeProvider? clock = null)
    {
        _maxLookups = maxThreads;
        _maxSlow = Math.Max(1, maxThreads * 3 / 4);
        _resolve = resolve ?? Dns.GetHostAddresses;
        _clock = clock ?? TimeProvider.System;
        _threads = new BlockingThreads("name lookup", maxThreads);
        _sweptAt = _clock.GetTimestamp();
    }

    /// <summary>Names whose lookup waits or runs, and names that are known to be slow.</summary>
    public (int Lookups, int SlowNames) Known
    {
        get
        {
            lock (_lock)
                return (_lookups.Count, _slowNames.Count);
        }
    }

    /// <summary>The addresses of a host. An IP address is its own, at once; the callers share the array.</summary>
    /// <param name="host">An IP address or a name.</param>
    /// <param name="cancellation">Ends the wait of this caller; the lookup goes on for others.</param>
    /// <exception cref="SocketException">The name does not resolve.</exception>
    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out var address))
            return Task.FromResult<IPAddress[]>([address]);

        lock (_lock)
        {
            if (!_lookups.TryGetValue(host, out var lookup))
            {
                lookup = new Lookup(host, _slowNames.ContainsKey(host));
                _lookups.Add(host, lookup);
                (lookup.IsOfSlowName ? _waitingSlow : _waiting).Enqueue(lookup);
                StartWaiting();
            }

            return lookup.Answer.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Starts what may run now. Called with the lock held.</summary>
    private void StartWaiting()
    {
        while (_running.Count < _maxLookups && Next() is { } lookup)
        {
            lookup.StartedAt = _clock.GetTimestamp();
            _running.Add(lookup);
            _ = LookUpAsync(lookup);
        }
    }

    private Lookup? Next()
    {
        if (_waiting.TryDequeue(out var lookup))
            return lookup;
        return _waitingSlow.Count > 0 && _running.Count(l => l.IsOfSlowName || IsSlow(l)) < _maxSlow ? _waitingSlow.Dequeue() : null;
    }

    private async Task LookUpAsync(Lookup lookup)
    {
        try
        {
            // Yields also when the lookup has failed at once: End starts the next one, and must not nest.
            var addresses = await _threads.Run(() => _resolve(lookup.Name)).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (addresses.Length == 0)
                throw new SocketException((int)SocketError.HostNotFound);
            End(lookup, failed: false);
            lookup.Answer.SetResult(addresses);
        }
        catch (Exception e)
        {
            End(lookup, failed: true);
            lookup.Answer.SetException(e);
            // Observed, also when every caller has left.
            _ = lookup.Answer.Task.Exception;
        }
    }

    private void End(Lookup lookup, bool failed)
    {
        lock (_lock)
        {
            _running.Remove(lookup);
            _lookups.Remove(lookup.Name);
            if (failed || IsSlow(lookup))
                _slowNames[lookup.Name] = _clock.GetTimestamp();
            else
                _slowNames.Remove(lookup.Name);
            ForgetOldNames();
            StartWaiting();
        }
    }

    private void ForgetOldNames()
    {
        if (_clock.GetElapsedTime(_sweptAt) < Forgotten)
            return;
        _sweptAt = _clock.GetTimestamp();
        foreach (var (name, endedAt) in _slowNames)
        {
            if (_clock.GetElapsedTime(endedAt) >= Forgotten)
                _slowNames.Remove(name);
        }
    }

    private bool IsSlow(Lookup lookup) => _clock.GetElapsedTime(lookup.StartedAt) >= SlowAfter;

    private sealed class Lookup(string name, bool isOfSlowName)
    {
        public string Name { get; } = name;

        public bool IsOfSlowName { get; } = isOfSlowName;

        public long StartedAt { get; set; }

        // Callers continue off the lookup's thread, and off the lock.
        public TaskCompletionSource<IPAddress[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
