using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>A connection to the database file with its prepared statements. For one thread at a time.</summary>
internal sealed class SqliteSession : ISession
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);
    private readonly Dictionary<Insertion, string> _insertions = [];
    private long? _lastNumber;

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    /// <summary>Another process (a person with sqlite3) may hold the file for a moment; then a statement waits for so long.</summary>
    private static TimeSpan Patience { get; } = TimeSpan.FromSeconds(10);

    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    public static SqliteSession Open(string path, bool readOnly)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = (int)Patience.TotalSeconds,
        }.ToString());
        var session = new SqliteSession(connection);
        try
        {
            connection.Open();
            // Never mapped: a failing disk would end the process with SIGBUS in the place of an error.
            session.Script("pragma mmap_size = 0");
            return session;
        }
        catch (SqliteException)
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements that are needed once.</summary>
    public void Script(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public int Execute(string sql, params ReadOnlySpan<object?> values) => Prepare(sql, values).ExecuteNonQuery();

    public void Each(string sql, Func<DbDataReader, bool> read, params ReadOnlySpan<object?> values)
    {
        using var reader = Prepare(sql, values).ExecuteReader();
        while (reader.Read() && read(reader))
        {
        }
    }

    public void Insert(Insertion into, params ReadOnlySpan<object?> values)
    {
        if (!_insertions.TryGetValue(into, out var sql))
        {
            var parameters = string.Join(", ", Enumerable.Range(1, into.Columns.Length).Select(number => $"?{number}"));
            _insertions[into] = sql = $"insert into {into.Table} ({into.AllNames}) values ({parameters}){into.OnConflict}";
        }

        Execute(sql, values);
    }

    public void ForNumber(string sql, long number, Action<DbDataReader> read) => Each(sql, row =>
    {
        read(row);
        return true;
    }, number);

    /// <summary>No other connection ever ends one.</summary>
    public void ForPayload(string sql, long number, Action<DbDataReader> read) => ForNumber(sql, number, read);

    /// <summary>No other connection ever gives numbers.</summary>
    public long NextNumber()
    {
        _lastNumber ??= this.Number("select max(coalesce((select max(number) from delivery), 0), coalesce((select max(number) from payload), 0))");
        return (_lastNumber += 1).Value;
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
            command.Dispose();
        _prepared.Clear();
        _connection.Dispose();
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<object?> values)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 1; i <= values.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = $"?{i}" });
            _prepared[sql] = command;
        }

        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] switch
            {
                null => DBNull.Value,
                DateTime at => StoredTime.Format(at),
                var value => value,
            };
        return command;
    }
}
