using System.Collections.Concurrent;
using ActorSockets.Outbox;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>Connections that only read, beside the writer: each sees what was committed before its query began.</summary>
internal sealed class SqliteReaders(string path) : IDisposable
{
    private const int Threads = 2;

    private readonly BlockingThreads _threads = new("store reader", Threads);
    private readonly ConcurrentBag<SqliteSession> _idle = [];

    /// <exception cref="LedgerException">The query failed.</exception>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> query) => _threads.Run(() => Run(query));

    /// <summary>Closes the connections; no query may be under way.</summary>
    public void Dispose()
    {
        while (_idle.TryTake(out var session))
            session.Dispose();
    }

    private T Run<T>(Func<SqliteSession, T> query)
    {
        SqliteSession? session = null;
        try
        {
            session = _idle.TryTake(out var idle) ? idle : SqliteSession.Open(path, readOnly: true);
            var result = query(session);
            _idle.Add(session);
            return result;
        }
        catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException)
        {
            session?.Dispose();
            throw SqliteErrors.Explain(path, e);
        }
    }
}
