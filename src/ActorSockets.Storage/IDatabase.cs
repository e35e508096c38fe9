using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>The database of a store: what SQLite and PostgreSQL do in different ways. Calls block.</summary>
internal interface IDatabase
{
    /// <summary>A connection that reads beside the writer: each query sees what was committed before it began.</summary>
    ISession OpenReader();

    /// <summary>Whether the error is the end of the connection: another one may work.</summary>
    bool IsLost(Exception e);

    /// <summary>The error with the database, the reason and what to do.</summary>
    /// <returns>A <see cref="LedgerException"/>, or a <see cref="RowExistsException"/>.</returns>
    IOException Explain(Exception e);
}

/// <summary>The writer's side of a database. For one thread at a time.</summary>
internal interface IWritable : IDatabase, IDisposable
{
    /// <summary>Makes a connection that was lost again, with the lock that went with it.</summary>
    void Touch();

    /// <summary>Begins a transaction.</summary>
    ISession Begin();

    /// <summary>Done when a power cut does not take the transaction back.</summary>
    /// <exception cref="InDoubtException">Nobody knows whether it is committed.</exception>
    void Commit();

    /// <summary>Takes back what the transaction has changed.</summary>
    /// <param name="cause">Why.</param>
    /// <returns>What its changes, and those after it, are answered.</returns>
    Exception RollBack(Exception cause);

    /// <summary>Whether only the one change is wrong, and others may go on.</summary>
    bool IsOfTheStatement(Exception e);

    /// <summary>Whether the transaction met another one of another process, and succeeds when it is repeated.</summary>
    bool IsConflict(Exception e);

    /// <summary>Whether the transaction that was in doubt is committed.</summary>
    /// <exception cref="Exception">It is not to be known yet.</exception>
    bool WasCommitted();
}

/// <summary>The connection was lost while a transaction was being committed.</summary>
internal sealed class InDoubtException(Exception cause) : Exception(cause.Message, cause);

/// <summary>There is a row of this key. The store is in order.</summary>
internal sealed class RowExistsException(Exception cause) : IOException(cause.Message, cause);
