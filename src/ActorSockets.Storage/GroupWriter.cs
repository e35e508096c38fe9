using System.Collections.Concurrent;
using ActorSockets.Outbox;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>
/// The one writer of a store. What comes while a transaction is being flushed goes into the next one together. It has a thread and a
/// connection of its own.
/// </summary>
internal sealed class GroupWriter : IAsyncDisposable
{
    // Changes that may wait; further callers wait for room.
    private const int Capacity = 10_000;

    // Changes of one transaction: bounds how long the first of them waits for the last.
    private const int MostTogether = 1_000;

    // Bytes of the changes of one transaction, which the log of a full disk must still have room for; a single one may have more.
    private const long MostBytesTogether = 4 << 20;

    // Times that a transaction is repeated which met one of another process.
    private const int MostRepeats = 5;

    // How long until a transaction in doubt is looked after again.
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    private readonly IWritable _database;
    private readonly BlockingThreads _thread;
    private readonly Drain _drain;
    private readonly ConcurrentQueue<Change> _waiting = new();
    private readonly SemaphoreSlim _room = new(Capacity);
    private IReadOnlyList<Change>? _inDoubt;
    private int _scheduled;
    private bool _isClosed;

    public GroupWriter(IWritable database)
    {
        _database = database;
        _thread = new BlockingThreads("store writer", maxThreads: 1);
        _drain = new Drain(this);
    }

    /// <summary>Transactions so far.</summary>
    public long Commits { get; private set; }

    /// <summary>Changes the database. Done when the change is on the disk.</summary>
    /// <param name="change">Runs in a transaction with others, perhaps twice: it must do nothing else than change the database.</param>
    /// <param name="bytes">Roughly, of what it writes.</param>
    /// <exception cref="LedgerException">Nothing of this change was written, unless it is <see cref="LedgerException.IsUnknown"/>.</exception>
    public async Task<T> RunAsync<T>(Func<ISession, T> change, int bytes = 0)
    {
        await _room.WaitAsync();
        var waiting = new Change<T>(change) { Bytes = bytes };
        _waiting.Enqueue(waiting);
        Schedule();
        return await waiting.Done;
    }

    /// <summary>The same on the caller's thread, before any other change: what opens a store.</summary>
    public void Run(Action<ISession> change)
    {
        var first = new Change<bool>(session =>
        {
            change(session);
            return true;
        });
        Write([first]);
        first.Done.GetAwaiter().GetResult();
    }

    /// <summary>Finds out about a connection that was lost, although nothing is to be written.</summary>
    /// <exception cref="LedgerException">There is none now.</exception>
    public Task TouchAsync() => _thread.Run(() =>
    {
        try
        {
            if (!_isClosed)
                _database.Touch();
        }
        catch (Exception e)
        {
            throw _database.Explain(e);
        }
    });

    /// <summary>Writes what waits, and closes the database.</summary>
    public async ValueTask DisposeAsync() => await _thread.Run(() =>
    {
        WriteAll();
        _isClosed = true;
        if (_inDoubt is { } left)
            FailAll(left, new LedgerException("the database went away while it committed a change, which may be there or not", isUnknown: true));
        _inDoubt = null;
        _database.Dispose();
    });

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            _thread.Start(_drain);
    }

    private void WriteAll()
    {
        Volatile.Write(ref _scheduled, 0);
        // A full barrier: what is enqueued after this line schedules again.
        Interlocked.MemoryBarrier();
        if (_inDoubt is not null && _waiting.IsEmpty)
            Write([]);
        while (!_waiting.IsEmpty)
        {
            var together = new List<Change>();
            for (var bytes = 0L; together.Count < MostTogether && bytes < MostBytesTogether && _waiting.TryDequeue(out var change); bytes += change.Bytes)
                together.Add(change);
            Write(together);
            _room.Release(together.Count);
        }
    }

    private void Write(IReadOnlyList<Change> changes, int repeats = 0)
    {
        if (WhyNot() is { } closed)
        {
            FailAll(changes, closed);
        }
        else if (changes.Count == 0 || Commit(changes) is not { } failure)
        {
            foreach (var change in changes)
                change.Succeed();
        }
        else if (failure is InDoubtException)
        {
            _inDoubt = changes;
            LookLater();
        }
        else if (repeats < MostRepeats && _database.IsConflict(failure))
        {
            Write(changes, repeats + 1);
        }
        else if (changes.Count > 1 && _database.IsOfTheStatement(failure))
        {
            // One of them is wrong, or needs room that others do not, and those are not to blame.
            Write([.. changes.Take(changes.Count / 2)]);
            Write([.. changes.Skip(changes.Count / 2)]);
        }
        else
        {
            FailAll(changes, failure);
        }
    }

    /// <summary>Why nothing can be written now: it is closed, or nobody knows yet what became of the last transaction.</summary>
    private Exception? WhyNot()
    {
        if (_isClosed)
            return new LedgerException("the store is closed");
        if (_inDoubt is not { } inDoubt)
            return null;
        try
        {
            var wasCommitted = _database.WasCommitted();
            _inDoubt = null;
            if (wasCommitted)
            {
                foreach (var change in inDoubt)
                    change.Succeed();
            }
            else
            {
                Write(inDoubt);
            }

            return _inDoubt is null ? null : new LedgerException("the database went away again");
        }
        catch (Exception e)
        {
            LookLater();
            return e;
        }
    }

    private void LookLater() => _ = Task.Delay(LookAgain).ContinueWith(_ => Schedule(), TaskScheduler.Default);

    private Exception? Commit(IReadOnlyList<Change> changes)
    {
        try
        {
            var session = _database.Begin();
            foreach (var change in changes)
                change.Apply(session);
            _database.Commit();
            Commits++;
            return null;
        }
        catch (InDoubtException e)
        {
            return e;
        }
        catch (Exception e)
        {
            return _database.RollBack(e);
        }
    }

    private void FailAll(IReadOnlyList<Change> changes, Exception cause)
    {
        if (changes.Count == 0)
            return;
        var failure = _database.Explain(cause);
        foreach (var change in changes)
            change.Fail(failure);
    }

    private sealed class Drain(GroupWriter writer) : BlockingWork
    {
        public override void Run() => writer.WriteAll();

        public override void Fail(Exception cause)
        {
            Volatile.Write(ref writer._scheduled, 0);
            while (writer._waiting.TryDequeue(out var change))
            {
                writer.FailAll([change], cause);
                writer._room.Release();
            }
        }
    }

    private abstract class Change
    {
        public int Bytes { get; init; }

        public abstract void Apply(ISession session);

        public abstract void Succeed();

        public abstract void Fail(Exception cause);
    }

    private sealed class Change<T>(Func<ISession, T> change) : Change
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Done => _done.Task;

        public override void Apply(ISession session) => _result = change(session);

        public override void Succeed() => _done.SetResult(_result);

        public override void Fail(Exception cause) => _done.SetException(cause);
    }
}
