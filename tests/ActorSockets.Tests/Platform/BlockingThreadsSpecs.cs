using ActorSockets.Platform;

namespace ActorSockets.Tests.Platform;

public sealed class BlockingThreadsSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ManualResetEventSlim _thaw = new();

    [Fact]
    public async Task Runs_work_off_the_caller_and_off_the_dotnet_pool()
    {
        var (onPool, stack) = await new BlockingThreads("t", 1).Run(() => (Thread.CurrentThread.IsThreadPoolThread, Environment.CurrentManagedThreadId));
        Assert.False(onPool);
        Assert.NotEqual(Environment.CurrentManagedThreadId, stack);
    }

    [Fact]
    public async Task Never_runs_more_than_its_bound_at_a_time()
    {
        var lane = new BlockingThreads("t", 3);
        var (now, most) = (0, 0);
        using var three = new CountdownEvent(3);
        var all = Enumerable.Range(0, 50).Select(i => lane.Run(() =>
        {
            RaiseTo(ref most, Interlocked.Increment(ref now));
            // The first three meet, so that the bound is reached.
            if (i < 3)
                Assert.True(three.Signal() || three.Wait(Patience));
            Interlocked.Decrement(ref now);
            return i;
        })).ToArray();
        Assert.Equal(Enumerable.Range(0, 50), await Task.WhenAll(all));
        Assert.Equal(3, most);
        Assert.InRange(lane.Count, 1, 3);
    }

    [Fact]
    public async Task A_lane_that_hangs_leaves_other_lanes_and_the_dotnet_pool_alone()
    {
        var hung = new BlockingThreads("hung", 64);
        using var allHang = new CountdownEvent(64);
        var before = ThreadPool.ThreadCount;
        var stuck = Enumerable.Range(0, 500).Select(i => hung.Run(() =>
        {
            if (allHang.CurrentCount > 0)
                allHang.Signal();
            return _thaw.Wait(Patience);
        })).ToArray();
        Assert.True(allHang.Wait(Patience));

        Assert.Equal(1, await new BlockingThreads("other", 1).Run(() => 1).WaitAsync(Patience));
        Assert.Equal(2, await Task.Run(() => 2).WaitAsync(Patience));
        Assert.Equal(64, hung.Count);
        Assert.All(stuck, task => Assert.False(task.IsCompleted));
        // The specs beside this one may have it grow by some, but not by what hangs.
        Assert.InRange(ThreadPool.ThreadCount, 0, before + 32);
        _thaw.Set();
        Assert.All(await Task.WhenAll(stuck), Assert.True);
    }

    [Fact]
    public async Task What_awaits_the_work_does_not_hold_up_the_lane()
    {
        var lane = new BlockingThreads("t", 1);
        using var begin = new ManualResetEventSlim();
        var call = new BlockingCall<int, int>(lane, n =>
        {
            begin.Wait(Patience);
            return n + 1;
        });
        var waiting = BlockAfterAsync();
        begin.Set();
        Assert.Equal(3, await lane.Run(() => 3).WaitAsync(Patience));
        _thaw.Set();
        Assert.Equal(2, await waiting.WaitAsync(Patience));

        async Task<int> BlockAfterAsync()
        {
            var result = await call.RunAsync(1).ConfigureAwait(false);
            Assert.True(_thaw.Wait(Patience));
            return result;
        }
    }

    [Fact]
    public async Task A_call_is_used_again_and_again_also_after_it_failed()
    {
        var call = new BlockingCall<int, int>(new BlockingThreads("t", 1), n => n == 500 ? throw new IOException("no") : n * 2);
        for (var i = 0; i < 1000; i++)
        {
            if (i == 500)
                Assert.Equal("no", (await Assert.ThrowsAsync<IOException>(async () => await call.RunAsync(500))).Message);
            else
                Assert.Equal(i * 2, await call.RunAsync(i));
        }
    }

    [Fact]
    public async Task What_the_work_throws_is_the_callers()
    {
        var lane = new BlockingThreads("t", 1);
        Assert.Equal("no", (await Assert.ThrowsAsync<IOException>(() => lane.Run(int () => throw new IOException("no")))).Message);
        Assert.Equal(1, await lane.Run(() => 1));
    }

    [Fact]
    public async Task Work_whose_thread_could_not_be_started_goes_to_one_that_went_idle_meanwhile()
    {
        Thread? first = null;
        var isOver = false;
        var lane = new BlockingThreads("t", 2, start: thread =>
        {
            if (Interlocked.CompareExchange(ref first, thread, null) is null)
            {
                thread.UnsafeStart();
                return;
            }

            Volatile.Write(ref isOver, true);
            Assert.True(SpinWait.SpinUntil(() => first.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Patience));
            throw new InsufficientMemoryException();
        });
        var busy = lane.Run(() =>
        {
            // Busy, and not waiting: a thread that waits is idle.
            while (!Volatile.Read(ref isOver))
                Thread.SpinWait(100);
        });
        Assert.Equal(1, await lane.Run(() => 1).WaitAsync(Patience));
        await busy;
        Assert.Equal(1, lane.Count);
    }

    [Fact]
    public async Task Threads_are_used_again_and_end_when_they_are_idle()
    {
        var lane = new BlockingThreads("t", 100, TimeSpan.FromMilliseconds(50));
        Assert.Equal(0, lane.Count);
        for (var i = 0; i < 100; i++)
            await lane.Run(() => i);
        Assert.InRange(lane.Count, 0, 10);
        Assert.True(SpinWait.SpinUntil(() => lane.Count == 0, Patience));
        Assert.Equal(1, await lane.Run(() => 1));
    }

    public void Dispose()
    {
        _thaw.Set();
        _thaw.Dispose();
    }

    private static void RaiseTo(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen;)
            seen = Interlocked.CompareExchange(ref most, value, seen) is var found && found == seen ? value : found;
    }
}
