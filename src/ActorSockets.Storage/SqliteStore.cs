using ActorSockets.Outbox;
using ActorSockets.Platform;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>
/// A directory with <c>store.db</c>, which a person may read with sqlite3 while it is in use, and <c>lock</c>. All tables share
/// one writer.
/// </summary>
internal sealed class SqliteStore : IStore
{
    public const string FileName = "store.db";

    // Older ones lose data when a checkpoint meets a commit (sqlite.org/releaselog/3_51_3.html, the WAL-reset bug).
    private static readonly Version OldestSqlite = new(3, 51, 3);

    // A check reads all of a file. SQLite has no need of it after a crash: a disk that damages files is noticed early.
    private const long MostCheckedBytes = 32 << 20;

    private readonly DirectoryLock _lock;
    private readonly Readers _readers;
    private readonly PayloadFiles _large;

    private SqliteStore(DirectoryLock directoryLock, SqliteSession session, string directory, string path)
    {
        _large = new PayloadFiles(directory);
        _lock = directoryLock;
        Path = path;
        var database = new SqliteDatabase(session, path);
        Writer = new GroupWriter(database);
        _readers = new Readers(database);
        Ledger = new StoredLedger(Writer, _readers);
    }

    /// <summary>The database file.</summary>
    public string Path { get; }

    /// <summary>Where every change goes.</summary>
    public GroupWriter Writer { get; }

    public ILedger Ledger { get; }

    /// <inheritdoc cref="IStoreOpener.Open"/>
    public static SqliteStore Open(string directory)
    {
        var path = System.IO.Path.Combine(directory, FileName);
        CreateDirectory(directory);
        var taken = DirectoryLock.Take(directory);
        SqliteSession? session = null;
        try
        {
            // SQLite removes the log when the last connection closes. One that is there was left by a crash.
            var log = new FileInfo(path + "-wal");
            var wasClosed = !log.Exists || log.Length == 0;
            session = SqliteSession.Open(path, readOnly: false);
            RequireVersion(session.Text("select sqlite_version()"));
            if (session.Text("pragma journal_mode = wal") is var mode and not "wal")
                throw new LedgerException($"{path} stays in journal mode {mode}: its file system has no shared memory, as network file systems have none");
            // FULL flushes the log with each commit. NORMAL does not: a power cut would take back what was answered.
            session.Script("pragma synchronous = full; pragma journal_size_limit = 67108864");
            // Pages of 8 MB of log: most deliveries leave before these are full, and are never written to the database itself.
            session.Script("pragma wal_autocheckpoint = 2000; pragma cache_size = -16000");
            if (!wasClosed && new FileInfo(path).Length + log.Length <= MostCheckedBytes && session.Text("pragma quick_check(1)") is var state and not "ok")
                throw SqliteErrors.Damaged(path, state.ReplaceLineEndings(" "));
            Schema.Migrate(session, path);
            return new SqliteStore(taken, session, directory, path);
        }
        catch (Exception e) when (e is SqliteException or LedgerException)
        {
            session?.Dispose();
            taken.Dispose();
            throw SqliteErrors.Explain(path, e);
        }
    }

    public IOutbox OpenOutbox(OutboxLimits limits) => StoredOutbox.Open(Writer, _readers, _large, limits);

    /// <summary>Reads beside the writer.</summary>
    public Task<T> ReadAsync<T>(Func<ISession, T> query) => _readers.RunAsync(query);

    /// <summary>Commits what waits, closes the file and lets others in. No call may be under way but changes that wait.</summary>
    public async ValueTask DisposeAsync()
    {
        _readers.Dispose();
        await _large.DisposeAsync();
        await Writer.DisposeAsync();
        _lock.Dispose();
    }

    internal static void RequireVersion(string sqlite)
    {
        if (Version.Parse(sqlite) < OldestSqlite)
            throw new LedgerException($"SQLite {sqlite} can damage a database that is written and read at a time: {OldestSqlite} or newer is needed");
    }

    /// <summary>Done when its name is on the disk, and those of directories above it that were made.</summary>
    private static void CreateDirectory(string directory)
    {
        if (Directory.Exists(directory))
            return;
        var parent = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(directory))!;
        CreateDirectory(parent);
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(directory);
            else
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Posix.FlushDirectory(parent);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw new LedgerException($"{directory} cannot be created: {Posix.Reason(e)}", cause: e);
        }
    }
}
