using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>A database file. The writer's connection also does the checkpoints, so that no other connection ever writes the file.</summary>
/// <param name="writer">The writer's connection; null: for readers alone.</param>
/// <param name="path">The file.</param>
internal sealed class SqliteDatabase(SqliteSession? writer, string path) : IWritable
{
    private LedgerException? _broken;

    public ISession OpenReader() => SqliteSession.Open(path, readOnly: true);

    /// <summary>A file is not lost.</summary>
    public void Touch()
    {
    }

    public ISession Begin()
    {
        if (_broken is not null)
            throw _broken;
        writer!.Execute("begin immediate");
        return writer;
    }

    public void Commit() => writer!.Execute("commit");

    public Exception RollBack(Exception cause)
    {
        if (SqliteErrors.LosesWrites(cause))
            _broken = SqliteErrors.Lost(path, cause);
        try
        {
            if (_broken is null)
                writer!.Execute("rollback");
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // SQLite has rolled back by itself: after a full disk, for example.
        }

        return _broken ?? cause;
    }

    public bool IsOfTheStatement(Exception e) => SqliteErrors.IsOfTheStatement(e);

    public bool IsLost(Exception e) => false;

    /// <summary>No other process writes for long.</summary>
    public bool IsConflict(Exception e) => false;

    /// <summary>A file never leaves it in doubt.</summary>
    public bool WasCommitted() => throw new NotSupportedException();

    public IOException Explain(Exception e) => SqliteErrors.Explain(path, e);

    public void Dispose() => writer?.Dispose();
}
