using System.Collections.Concurrent;
using ActorSockets.Outbox;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>
/// The one writer of a store. What comes while a transaction is being flushed goes into the next one together. The writer's
/// connection also does the checkpoints, so that no other connection ever writes the file.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    // Changes that may wait; further callers wait for room.
    private const int Capacity = 10_000;

    // Changes of one transaction: bounds how long the first of them waits for the last.
    private const int MostTogether = 1_000;

    private readonly SqliteSession _session;
    private readonly string _path;
    private readonly BlockingThreads _thread;
    private readonly Drain _drain;
    private readonly ConcurrentQueue<Change> _waiting = new();
    private readonly SemaphoreSlim _room = new(Capacity);
    private int _scheduled;
    private Exception? _broken;

    public SqliteWriter(SqliteSession session, string path)
    {
        _session = session;
        _path = path;
        _thread = new BlockingThreads("store writer", maxThreads: 1);
        _drain = new Drain(this);
    }

    /// <summary>Transactions so far.</summary>
    public long Commits { get; private set; }

    /// <summary>Changes the database. Done when the change is on the disk.</summary>
    /// <param name="change">Runs in a transaction with others, perhaps twice: it must do nothing else than change the database.</param>
    /// <exception cref="LedgerException">Nothing of this change was written.</exception>
    public async Task<T> RunAsync<T>(Func<SqliteSession, T> change)
    {
        await _room.WaitAsync();
        var waiting = new Change<T>(change);
        _waiting.Enqueue(waiting);
        Schedule();
        return await waiting.Done;
    }

    /// <summary>The same on the caller's thread, before any other change: what opens a store.</summary>
    public void Run(Action<SqliteSession> change)
    {
        var first = new Change<bool>(session =>
        {
            change(session);
            return true;
        });
        Write([first]);
        first.Done.GetAwaiter().GetResult();
    }

    /// <summary>Writes what waits, and closes the file.</summary>
    public async ValueTask DisposeAsync() => await _thread.Run(() =>
    {
        WriteAll();
        _broken = new LedgerException($"{_path} is closed");
        _session.Dispose();
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
        while (!_waiting.IsEmpty)
        {
            var together = new List<Change>();
            while (together.Count < MostTogether && _waiting.TryDequeue(out var change))
                together.Add(change);
            Write(together);
            _room.Release(together.Count);
        }
    }

    private void Write(IReadOnlyList<Change> changes)
    {
        if (Commit(changes) is not { } failure)
        {
            foreach (var change in changes)
                change.Succeed();
        }
        else if (changes.Count > 1 && SqliteErrors.IsOfTheStatement(failure))
        {
            // One of them is wrong, and the others are not to blame.
            foreach (var change in changes)
                Write([change]);
        }
        else
        {
            FailAll(changes, failure);
        }
    }

    private Exception? Commit(IReadOnlyList<Change> changes)
    {
        try
        {
            if (_broken is not null)
                throw _broken;
            _session.Execute("begin immediate");
            foreach (var change in changes)
                change.Apply(_session);
            _session.Execute("commit");
            Commits++;
            return null;
        }
        catch (Exception e)
        {
            RollBack();
            if (SqliteErrors.LosesWrites(e))
                _broken = SqliteErrors.Lost(_path, e);
            return _broken ?? e;
        }
    }

    private void RollBack()
    {
        try
        {
            if (_broken is null)
                _session.Execute("rollback");
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // SQLite has rolled back by itself: after a full disk, for example.
        }
    }

    private void FailAll(IReadOnlyList<Change> changes, Exception cause)
    {
        var failure = cause is DuplicateDeliveryException ? cause : SqliteErrors.Explain(_path, cause);
        foreach (var change in changes)
            change.Fail(failure);
    }

    private sealed class Drain(SqliteWriter writer) : BlockingWork
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
        public abstract void Apply(SqliteSession session);

        public abstract void Succeed();

        public abstract void Fail(Exception cause);
    }

    private sealed class Change<T>(Func<SqliteSession, T> change) : Change
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Done => _done.Task;

        public override void Apply(SqliteSession session) => _result = change(session);

        public override void Succeed() => _done.SetResult(_result);

        public override void Fail(Exception cause) => _done.SetException(cause);
    }
}
