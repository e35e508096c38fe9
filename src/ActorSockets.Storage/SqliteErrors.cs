using ActorSockets.Outbox;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>What SQLite's errors mean to a person.</summary>
internal static class SqliteErrors
{
    // https://sqlite.org/rescode.html
    private const int Corrupt = 11, Full = 13, Constraint = 19, NotADatabase = 26;
    private const int UniqueViolated = 2067, PrimaryKeyViolated = 1555;
    private const int FlushFailed = 1034, DirectoryFlushFailed = 1290;

    /// <summary>Whether only the one statement is wrong, or finds no room, and the file is in order.</summary>
    public static bool IsOfTheStatement(Exception e) => e is not SqliteException || e is SqliteException { SqliteErrorCode: Constraint or Full };

    /// <summary>
    /// Whether the system could not flush what it had taken. It has dropped the bytes, and would say of the next flush that all is
    /// well (fsync(2), EIO): nothing may be committed behind them.
    /// </summary>
    public static bool LosesWrites(Exception e) => e is SqliteException { SqliteExtendedErrorCode: FlushFailed or DirectoryFlushFailed };

    /// <summary>What every change is answered after that.</summary>
    public static LedgerException Lost(string path, Exception cause) =>
        new($"{path}: the system could not flush it to the disk, and takes no more changes. Look after the disk, and start the program again", cause: cause, isUnknown: true);

    /// <summary>The error with the file, the reason and what to do.</summary>
    public static IOException Explain(string path, Exception e) => e switch
    {
        LedgerException known => known,
        SqliteException { SqliteExtendedErrorCode: UniqueViolated or PrimaryKeyViolated } => new RowExistsException(e),
        SqliteException { SqliteErrorCode: Full } => new LedgerException($"{path} cannot be written: no space left on device", isFull: true, e),
        SqliteException { SqliteErrorCode: Corrupt or NotADatabase } sqlite => Damaged(path, Reason(sqlite), e),
        SqliteException sqlite => new LedgerException($"{path} cannot be used: {Reason(sqlite)}", cause: e),
        _ => new LedgerException($"{path} cannot be used: {e.Message}", cause: e),
    };

    public static LedgerException Damaged(string path, string reason, Exception? cause = null) => new(
        $"{path} is damaged ({reason}). Nothing was changed. To repair it: sqlite3 '{path}' .recover | sqlite3 repaired.db, then put repaired.db in its "
        + $"place. To start without it: move {path} and {path}-wal away; a delivery that is stored and comes again is then stored twice", cause: cause);

    // SQLite Error 11: 'database disk image is malformed'.
    private static string Reason(SqliteException e) => e.Message.Split('\'') is [_, var reason, ..] ? reason : e.Message;
}
