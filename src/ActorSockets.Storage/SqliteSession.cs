using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>A connection to the database file with its prepared statements. For one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

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

    /// <summary>Runs a statement, prepared the first time.</summary>
    /// <returns>Rows that it changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<object?> values) => Prepare(sql, values).ExecuteNonQuery();

    /// <summary>The rows of a query, prepared the first time.</summary>
    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        using var reader = Prepare(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>The rows of a query, prepared the first time, until <paramref name="read"/> says that it needs no more.</summary>
    public void Each(string sql, Func<SqliteDataReader, bool> read, params ReadOnlySpan<object?> values)
    {
        using var reader = Prepare(sql, values).ExecuteReader();
        while (reader.Read() && read(reader))
        {
        }
    }

    /// <summary>The one number that a query gives.</summary>
    public long Number(string sql) => (long)Single(sql)!;

    /// <summary>The one text that a query gives.</summary>
    public string Text(string sql) => (string)Single(sql)!;

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
            command.Dispose();
        _prepared.Clear();
        _connection.Dispose();
    }

    private object? Single(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>Values are bound to ?1, ?2, … in their order.</summary>
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
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }
}
