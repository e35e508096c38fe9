using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;

namespace ActorSockets.Tests.Transport;

public sealed class NameResolverSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly IPAddress[] Addresses = [IPAddress.Loopback];

    private readonly ManualResetEventSlim _dnsAnswers = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task An_address_is_its_own_at_once(string host)
    {
        var answer = Create().ResolveAsync(host, CancellationToken.None);
        Assert.True(answer.IsCompletedSuccessfully);
        Assert.Equal([IPAddress.Parse(host)], await answer);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task The_system_resolves_localhost() =>
        Assert.All(await new NameResolver().ResolveAsync("localhost", CancellationToken.None), a => Assert.True(IPAddress.IsLoopback(a)));

    [Fact]
    public async Task Callers_of_one_name_share_its_lookup_and_who_leaves_does_not_end_it()
    {
        var resolver = Create();
        using var leaves = new CancellationTokenSource();
        var left = resolver.ResolveAsync("hangs", leaves.Token);
        var stays = Enumerable.Range(0, 100).Select(_ => resolver.ResolveAsync("HANGS", CancellationToken.None)).ToArray();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        _dnsAnswers.Set();
        await Task.WhenAll(stays).WaitAsync(Patience);
        Assert.Equal(["hangs"], _asked);
    }

    [Fact]
    public async Task An_answer_is_not_kept()
    {
        var resolver = Create();
        await resolver.ResolveAsync("healthy", CancellationToken.None);
        await resolver.ResolveAsync("healthy", CancellationToken.None);
        Assert.Equal(["healthy", "healthy"], _asked);
    }

    [Fact]
    public async Task A_name_without_an_address_is_not_found()
    {
        var resolver = new NameResolver(4, name => name == "empty" ? [] : throw new SocketException((int)SocketError.HostNotFound));
        foreach (var name in (string[])["empty", "unknown"])
        {
            var failure = await Assert.ThrowsAsync<SocketException>(() => resolver.ResolveAsync(name, CancellationToken.None));
            Assert.Equal(SocketError.HostNotFound, failure.SocketErrorCode);
        }
    }

    [Fact]
    public async Task Names_that_hang_leave_threads_to_names_that_do_not()
    {
        var resolver = Create(8);
        var failed = Enumerable.Range(0, 50).Select(i => resolver.ResolveAsync($"fails-{i}", CancellationToken.None)).ToArray();
        foreach (var one in failed)
            await Assert.ThrowsAsync<SocketException>(() => one.WaitAsync(Patience));
        Assert.Equal((0, 50), resolver.Known);
        _asked.Clear();

        var hung = Enumerable.Range(0, 50).Select(i => resolver.ResolveAsync($"fails-{i}", CancellationToken.None)).ToArray();
        // Their last lookup failed; this one hangs, on three quarters of the threads.
        Assert.True(SpinWait.SpinUntil(() => _asked.Count == 6, Patience));
        for (var i = 0; i < 20; i++)
            Assert.Equal(Addresses, await resolver.ResolveAsync($"healthy-{i}", CancellationToken.None).WaitAsync(Patience));
        Assert.Equal(6, _asked.Count(name => name.StartsWith("fails", StringComparison.Ordinal)));
        Assert.All(hung, one => Assert.False(one.IsCompleted));
        _dnsAnswers.Set();
        await Task.WhenAll(hung).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_lookup_that_has_hung_for_a_second_counts_among_the_slow_ones()
    {
        var resolver = Create(4);
        await Assert.ThrowsAsync<SocketException>(() => resolver.ResolveAsync("fails", CancellationToken.None));
        var hung = Enumerable.Range(0, 3).Select(i => resolver.ResolveAsync($"hangs-{i}", CancellationToken.None)).ToArray();
        Assert.True(SpinWait.SpinUntil(() => _asked.Count == 4, Patience));
        _clock.Advance(TimeSpan.FromSeconds(1));
        var slow = resolver.ResolveAsync("fails", CancellationToken.None);
        Assert.Equal(Addresses, await resolver.ResolveAsync("healthy", CancellationToken.None).WaitAsync(Patience));
        Assert.Single(_asked, name => name == "fails");
        _dnsAnswers.Set();
        await Task.WhenAll([.. hung, slow]).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_slow_name_that_is_fast_again_is_slow_no_more()
    {
        var resolver = Create();
        await Assert.ThrowsAsync<SocketException>(() => resolver.ResolveAsync("fails", CancellationToken.None));
        _dnsAnswers.Set();
        await resolver.ResolveAsync("fails", CancellationToken.None).WaitAsync(Patience);
        Assert.Equal((0, 0), resolver.Known);
    }

    [Fact]
    public async Task Names_that_nobody_asks_for_are_forgotten()
    {
        var resolver = Create();
        await Assert.ThrowsAsync<SocketException>(() => resolver.ResolveAsync("fails", CancellationToken.None));
        _clock.Advance(TimeSpan.FromMinutes(10));
        await resolver.ResolveAsync("healthy", CancellationToken.None);
        Assert.Equal((0, 0), resolver.Known);
    }

    public void Dispose()
    {
        _dnsAnswers.Set();
        _dnsAnswers.Dispose();
    }

    private NameResolver Create(int threads = 8) => new(threads, Resolve, _clock);

    /// <summary>A name fails at its first lookup, hangs, or is healthy, as it says itself.</summary>
    private IPAddress[] Resolve(string name)
    {
        var isFirst = !_asked.Contains(name) && _fails.TryAdd(name, true);
        _asked.Enqueue(name);
        if (name.StartsWith("fails", StringComparison.Ordinal) && isFirst)
            throw new SocketException((int)SocketError.TryAgain);
        if (!name.StartsWith("healthy", StringComparison.Ordinal))
            Assert.True(_dnsAnswers.Wait(Patience));
        return Addresses;
    }

    private readonly ConcurrentDictionary<string, bool> _fails = new();
}
