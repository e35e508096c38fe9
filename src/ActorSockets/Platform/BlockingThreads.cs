namespace ActorSockets.Platform;

/// <summary>
/// A lane: threads for work that blocks, such as file system calls and name resolution. The .NET thread pool runs socket
/// completions and timers, and adds threads slowly, so a few hung calls there delay every connection of the process.
/// </summary>
/// <remarks>
/// Threads start on demand, up to the lane's bound, and end when idle. Work beyond the bound waits in a queue, which the
/// callers bound: each has one piece of work under way at a time. A lane without work has no thread, so that everything that
/// may hang on its own can have its own lane.
/// </remarks>
/// <param name="name">Of its threads; Linux shows the first 15 characters.</param>
/// <param name="maxThreads">1 and more.</param>
/// <param name="idleTime">How long a thread waits for work before it ends; 10 s unless told.</param>
/// <param name="start">Starts a thread, as the system does unless told.</param>
internal sealed class BlockingThreads(string name, int maxThreads, TimeSpan? idleTime = null, Action<Thread>? start = null)
{
    // The deepest stack of this work is getaddrinfo's, and musl runs it on 128 KiB.
    private const int StackBytes = 256 * 1024;

    // No ExecutionContext: a thread serves many callers.
    private readonly Action<Thread> _start = start ?? (static thread => thread.UnsafeStart());
    private readonly TimeSpan _idleTime = idleTime ?? TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private readonly Queue<BlockingWork> _waiting = new();

    // The last one went idle last: its stack is in the cache, and the first ones get their time to end.
    private readonly List<Worker> _idle = [];
    private int _threads;

    /// <summary>Threads that live, busy or idle.</summary>
    public int Count => Volatile.Read(ref _threads);

    /// <summary>Runs the work on a thread of this lane. What awaits the task continues elsewhere.</summary>
    public Task<T> Run<T>(Func<T> work)
    {
        var once = new Once<T>(work);
        Start(once);
        return once.Done;
    }

    /// <inheritdoc cref="Run{T}"/>
    public Task Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    /// <summary>Runs the work as soon as a thread is free.</summary>
    public void Start(BlockingWork work)
    {
        Worker worker;
        lock (_lock)
        {
            if (TryWake(work))
                return;
            if (_threads == maxThreads)
            {
                _waiting.Enqueue(work);
                return;
            }

            _threads++;
            worker = new Worker { Next = work };
        }

        StartThread(worker);
    }

    /// <summary>Gives the work to a thread that is idle, if there is one. Under the lock.</summary>
    private bool TryWake(BlockingWork work)
    {
        if (_idle.Count == 0)
            return false;
        var worker = _idle[^1];
        _idle.RemoveAt(_idle.Count - 1);
        worker.Next = work;
        worker.Wakeup.Release();
        return true;
    }

    private void StartThread(Worker worker)
    {
        try
        {
            _start(new Thread(() => Live(worker), StackBytes) { IsBackground = true, Name = name });
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            StartFailed(worker.Next, e);
        }
    }

    /// <summary>The system gives no thread: the work goes to a thread that lives, or fails when there is none.</summary>
    private void StartFailed(BlockingWork work, Exception cause)
    {
        BlockingWork[] stranded;
        lock (_lock)
        {
            _threads--;
            // One that went idle since looks at nothing that waits.
            if (TryWake(work))
                return;
            _waiting.Enqueue(work);
            if (_threads > 0)
                return;
            stranded = [.. _waiting];
            _waiting.Clear();
        }

        var failure = new IOException($"no thread can be started for {name}: {cause.Message}", cause);
        foreach (var left in stranded)
            left.Fail(failure);
    }

    private void Live(Worker self)
    {
        do
            self.Next.Run();
        while (TakeNext(self));
    }

    private bool TakeNext(Worker self)
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out var next))
            {
                self.Next = next;
                return true;
            }

            _idle.Add(self);
        }

        if (self.Wakeup.Wait(_idleTime))
            return true;
        lock (_lock)
        {
            if (_idle.Remove(self))
            {
                _threads--;
                self.Wakeup.Dispose();
                return false;
            }
        }

        // Work came while the wait ended.
        self.Wakeup.Wait();
        return true;
    }

    private sealed class Worker
    {
        public required BlockingWork Next { get; set; }

        public SemaphoreSlim Wakeup { get; } = new(0);
    }

    private sealed class Once<T>(Func<T> work) : BlockingWork
    {
        // The thread belongs to the lane: whatever awaits the task could block it.
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Done => _done.Task;

        public override void Run()
        {
            try
            {
                _done.SetResult(work());
            }
            catch (Exception e)
            {
                _done.SetException(e);
            }
        }

        public override void Fail(Exception cause) => _done.SetException(cause);
    }
}
