using Npgsql;

namespace ActorSockets.Storage.Postgres;

/// <summary>
/// A schema of a database. A connection that was lost is made again with the next transaction. Was it lost during a commit, the server is asked
/// what became of it.
/// </summary>
/// <param name="connector">Opens connections.</param>
/// <param name="use">Who else may have the store open.</param>
internal sealed class PostgresDatabase(PostgresConnector connector, PostgresUse use) : IWritable
{
    // Of this process's row in the table writer, in which each transaction leaves its mark.
    private readonly string _name = Guid.NewGuid().ToString("N");
    private PostgresSession? _session;
    private NpgsqlTransaction? _transaction;
    private string _transactionId = "";
    private long _mark;
    private int _formerBackend;

    /// <summary>Whether this process has a store that others may share, and none of them can open it before <see cref="Share"/>.</summary>
    public bool IsAlone { get; private set; }

    public ISession OpenReader() => connector.Open();

    /// <summary>The writer's connection, which has the lock.</summary>
    /// <exception cref="Outbox.LedgerException">The server takes no changes or loses some, or another process has the store.</exception>
    public PostgresSession Writer => _session ??= Connect();

    public void Touch()
    {
        try
        {
            Writer.Number("select cast(1 as bigint)");
        }
        catch (Exception e) when (IsLost(e))
        {
            Drop();
            throw;
        }
    }

    public ISession Begin()
    {
        var wasIdle = _session is not null;
        try
        {
            return BeginOnce();
        }
        catch (Exception e) when (wasIdle && IsLost(e))
        {
            Drop();
            return BeginOnce();
        }
    }

    public void Commit()
    {
        Writer.FlushAll();
        try
        {
            _transaction!.Commit();
        }
        catch (PostgresException e) when (e.InvariantSeverity == "ERROR")
        {
            throw;
        }
        catch (NpgsqlException e)
        {
            Drop();
            throw new InDoubtException(e);
        }
    }

    public Exception RollBack(Exception cause)
    {
        try
        {
            if (IsLost(cause))
                Drop();
            else
                _transaction?.Rollback();
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            Drop();
        }

        return cause;
    }

    public bool IsOfTheStatement(Exception e) => e is PostgresException { SqlState: ['2', '1' or '2' or '3', ..] } || e is not (NpgsqlException or IOException);

    public bool IsLost(Exception e) => PostgresConnector.IsLost(e);

    public bool WasCommitted()
    {
        try
        {
            // Not by the id alone: a server that crashed before it wrote anything of a transaction gives its id to another one.
            if (StateOfTransaction() == "in progress")
                throw connector.Wrong("still has the connection that was lost");
            return Writer.Query("select marked from writer where name = ?1", row => row.GetString(0), _name) is [var marked] && marked == $"{_mark}";
        }
        catch (Exception e) when (IsLost(e))
        {
            Drop();
            throw;
        }
    }

    public bool IsConflict(Exception e) => e is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };

    /// <summary>Lets the other processes in.</summary>
    public void Share()
    {
        if (IsAlone)
            PostgresLock.Share(Writer, connector);
        IsAlone = false;
    }

    public IOException Explain(Exception e) => connector.Explain(e is InDoubtException { InnerException: { } cause } ? cause : e);

    public void Dispose() => Drop();

    private PostgresSession BeginOnce()
    {
        var session = Writer;
        session.Reset();
        _transaction = session.Connection.BeginTransaction();
        _transactionId = session.Query("""
            insert into writer (name, marked, at) values (?1, ?2, now()) on conflict (name) do update set marked = excluded.marked, at = excluded.at
            returning cast(pg_current_xact_id() as text)
            """, row => row.GetString(0), _name, $"{++_mark}").Single();
        return session;
    }

    private string? StateOfTransaction()
    {
        try
        {
            return Writer.Query("select pg_xact_status(cast(?1 as xid8))", row => row.GetText(0), _transactionId).Single();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            // "transaction ID … is in the future": the server that took over has never seen it.
            return null;
        }
    }

    private PostgresSession Connect()
    {
        var session = connector.Open();
        try
        {
            PostgresServer.RequireDurable(session, connector);
            PostgresServer.NoticeDeath(session);
            Lock(session);
            _formerBackend = session.Connection.ProcessID;
            return session;
        }
        catch (Exception)
        {
            session.Dispose();
            throw;
        }
    }

    private void Lock(PostgresSession session)
    {
        switch (use)
        {
            case PostgresUse.Alone:
                PostgresLock.Take(session, connector, _formerBackend);
                break;
            case PostgresUse.Shared:
                PostgresServer.EndIdleTransactions(session);
                // Only while it opens: a connection that was lost comes back to a store that others have.
                IsAlone = _formerBackend == 0 && PostgresLock.TryTake(session, connector.Schema);
                if (!IsAlone)
                    PostgresLock.TakeShared(session, connector);
                break;
        }
    }

    private void Drop()
    {
        _session?.Dispose();
        (_session, _transaction, IsAlone) = (null, null, false);
    }
}

/// <summary>Who has a store.</summary>
internal enum PostgresUse
{
    /// <summary>This process and no other.</summary>
    Alone,

    /// <summary>The nodes of a cluster.</summary>
    Shared,

    /// <summary>Another process may: this one only reads, or leaves commands.</summary>
    Beside,
}
