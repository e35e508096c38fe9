using System.Data.Common;
using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;

namespace ActorSockets.Storage.Postgres;

/// <summary>
/// A connection. What need not be executed at once goes to the server together, since a round trip costs more than a row: the rows of a
/// table as arrays, the numbers of a statement as one array.
/// </summary>
/// <param name="connection">Open; this closes it.</param>
internal sealed partial class PostgresSession(NpgsqlConnection connection) : ISession
{
    // Rows are gathered up to so many bytes.
    private const int MostGathered = 4 << 20;

    // In the order of their numbers, and at the end: writers that lock them at a time wait for each other, and never in a circle.
    private const string LockPayloads = "select number from payload where number = ?1 order by number for update";

    private readonly Dictionary<string, NpgsqlCommand> _commands = new(StringComparer.Ordinal);

    // In the order of their first use: rows that others refer to come first.
    private readonly List<(Insertion Into, PostgresRows Rows)> _inserts = [];
    private readonly List<(string Sql, long Number, Action<DbDataReader> Read)> _forPayloads = [];
    private List<(string Sql, Dictionary<long, Action<DbDataReader>> Reads)> _forNumbers = [];
    private long _gathered;
    private long? _lastNumber;
    private bool _isNumbered;

    public NpgsqlConnection Connection => connection;

    public int Execute(string sql, params ReadOnlySpan<object?> values)
    {
        Flush();
        return Command(sql, values).ExecuteNonQuery();
    }

    public void Each(string sql, Func<DbDataReader, bool> read, params ReadOnlySpan<object?> values)
    {
        Flush();
        using var reader = Command(sql, values).ExecuteReader();
        while (reader.Read() && read(reader))
        {
        }
    }

    public void Insert(Insertion into, params ReadOnlySpan<object?> values)
    {
        var rows = _inserts.Find(insert => ReferenceEquals(insert.Into, into)).Rows;
        if (rows is null)
            _inserts.Add((into, rows = new PostgresRows(into)));
        _gathered += rows.Add(values);
        if (_gathered > MostGathered)
            Flush();
    }

    public void ForNumber(string sql, long number, Action<DbDataReader> read)
    {
        var reads = _forNumbers.Find(gathered => ReferenceEquals(gathered.Sql, sql)).Reads;
        if (reads is null)
            _forNumbers.Add((sql, reads = []));
        reads.TryAdd(number, read);
    }

    /// <summary>Behind its lock, the statement sees what whoever had the lock before has committed.</summary>
    public void ForPayload(string sql, long number, Action<DbDataReader> read) => _forPayloads.Add((sql, number, read));

    /// <summary>The row's lock keeps other writers of the schema from committing in between.</summary>
    public long NextNumber()
    {
        if (!_isNumbered)
            _lastNumber = Command("select last_number from store for update", []).ExecuteScalar() as long?;
        _isNumbered = true;
        return (_lastNumber += 1)!.Value;
    }

    /// <summary>Sends what was gathered. Rows that come back may add to it.</summary>
    public void Flush()
    {
        while (_gathered > 0 || _forNumbers.Count > 0)
            FlushOnce();
    }

    /// <summary>Sends everything, before the commit.</summary>
    public void FlushAll()
    {
        Flush();
        foreach (var (_, number, _) in _forPayloads)
            ForNumber(LockPayloads, number, static _ => { });
        foreach (var (sql, number, read) in _forPayloads)
            ForNumber(sql, number, read);
        _forPayloads.Clear();
        Flush();
    }

    /// <summary>Forgets what belonged to a transaction.</summary>
    public void Reset()
    {
        foreach (var (_, rows) in _inserts)
            rows.Clear();
        _forNumbers = [];
        _forPayloads.Clear();
        (_gathered, _isNumbered) = (0, false);
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        connection.Dispose();
    }

    /// <summary>A text as PostgreSQL takes it: without U+0000, which a peer may have sent.</summary>
    public static string? Storable(string? text) => text?.Replace('\0', '\uFFFD');

    private void FlushOnce()
    {
        using var batch = new NpgsqlBatch(connection);
        foreach (var (_, rows) in _inserts.Where(insert => !insert.Rows.IsEmpty))
        {
            batch.BatchCommands.Add(rows.Command());
            rows.Clear();
        }

        if (_gathered > 0 && _isNumbered)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("update store set last_number = $1") { Parameters = { new NpgsqlParameter<long>("", _lastNumber!.Value) } });
        var forNumbers = _forNumbers;
        (_gathered, _forNumbers) = (0, []);
        foreach (var (sql, reads) in forNumbers)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql.Replace("= ?1", "= any($1)", StringComparison.Ordinal))
            {
                Parameters = { new NpgsqlParameter<long[]> { TypedValue = [.. reads.Keys], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint } },
            });
        }

        using var reader = batch.ExecuteReader();
        // Statements that return no rows have no result here.
        foreach (var (_, reads) in forNumbers)
        {
            while (reader.Read())
                reads[reader.GetInt64(0)](reader);
            reader.NextResult();
        }
    }

    private NpgsqlCommand Command(string sql, ReadOnlySpan<object?> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = new NpgsqlCommand(Parameter().Replace(sql, "$$$1"), connection);
            for (var i = 0; i < values.Length; i++)
                command.Parameters.Add(new NpgsqlParameter());
            _commands[sql] = command;
        }

        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] switch
            {
                null => DBNull.Value,
                string text => Storable(text),
                var value => value,
            };
        return command;
    }

    [GeneratedRegex(@"\?(\d+)")]
    private static partial Regex Parameter();
}
