using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace ActorSockets.Storage.Postgres;

/// <summary>Rows that go into a table together: an array for each column.</summary>
/// <param name="into">The table.</param>
internal sealed class PostgresRows(Insertion into)
{
    private readonly List<object?[]> _rows = [];
    private readonly Dictionary<string, int> _byKey = new(StringComparer.Ordinal);

    private readonly string _sql = $"insert into {into.Table} ({into.AllNames}) select * from unnest("
        + string.Join(", ", into.Columns.Select((column, i) => $"${i + 1}::{column.Type}[]")) + $"){into.OnConflict}";

    public bool IsEmpty => _rows.Count == 0;

    /// <returns>About how many bytes they are.</returns>
    public long Add(ReadOnlySpan<object?> values)
    {
        object?[] row = [.. values];
        // One statement may write a row only once: the last of them counts.
        if (into.Key > 0 && !_byKey.TryAdd(string.Join('\n', row[..into.Key]), _rows.Count))
            _rows[_byKey[string.Join('\n', row[..into.Key])]] = row;
        else
            _rows.Add(row);
        return 64 + row.Sum(value => value is byte[] bytes ? bytes.Length : 16L);
    }

    public NpgsqlBatchCommand Command()
    {
        var command = new NpgsqlBatchCommand(_sql);
        for (var i = 0; i < into.Columns.Length; i++)
            command.Parameters.Add(Column(i));
        return command;
    }

    public void Clear()
    {
        _rows.Clear();
        _byKey.Clear();
    }

    private NpgsqlParameter Column(int column)
    {
        return into.Columns[column].Type switch
        {
            "bigint" => Of(NpgsqlDbType.Bigint, value => value is null ? (long?)null : Convert.ToInt64(value, CultureInfo.InvariantCulture)),
            "integer" => Of(NpgsqlDbType.Integer, value => (int?)value),
            "bytea" => Of(NpgsqlDbType.Bytea, value => (byte[]?)value),
            "timestamptz" => Of(NpgsqlDbType.TimestampTz, value => (DateTime?)value),
            _ => Of(NpgsqlDbType.Text, value => PostgresSession.Storable((string?)value)),
        };

        NpgsqlParameter Of<T>(NpgsqlDbType type, Func<object?, T> convert)
        {
            var values = new T[_rows.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = convert(_rows[i][column]);
            return new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
        }
    }
}
