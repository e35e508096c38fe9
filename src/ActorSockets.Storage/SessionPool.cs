using System.Collections.Concurrent;
using System.Data.Common;

namespace ActorSockets.Storage;

/// <summary>Connections beside the writer's: as many as are needed at a time.</summary>
/// <param name="database">Opens them.</param>
internal sealed class SessionPool(IDatabase database) : IDisposable
{
    private readonly ConcurrentBag<ISession> _idle = [];

    /// <summary>Uses a connection; with another one again, if the first was lost while it was idle. Blocks.</summary>
    /// <exception cref="Outbox.LedgerException">The database does not answer, or refuses.</exception>
    public T Run<T>(Func<ISession, T> use)
    {
        while (true)
        {
            ISession? session = null;
            var wasIdle = _idle.TryTake(out var idle);
            try
            {
                session = idle ?? database.OpenReader();
                var result = use(session);
                _idle.Add(session);
                return result;
            }
            catch (DbException e) when (wasIdle && database.IsLost(e))
            {
                session?.Dispose();
            }
            catch (DbException e)
            {
                session?.Dispose();
                throw database.Explain(e);
            }
            catch (Exception)
            {
                session?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Closes the connections; none may be in use.</summary>
    public void Dispose()
    {
        while (_idle.TryTake(out var session))
            session.Dispose();
    }
}
