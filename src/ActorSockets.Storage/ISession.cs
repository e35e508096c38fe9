using System.Data.Common;

namespace ActorSockets.Storage;

/// <summary>
/// A connection to a database: in a transaction of the writer, or to read. For one thread at a time; calls block. Values are bound to ?1, ?2,
/// … in their order, and may be of <see cref="DateTime"/>, in UTC.
/// </summary>
internal interface ISession : IDisposable
{
    /// <summary>Runs a statement, prepared the first time.</summary>
    /// <returns>Rows that it changed.</returns>
    int Execute(string sql, params ReadOnlySpan<object?> values);

    /// <summary>The rows of a query, prepared the first time, until <paramref name="read"/> says that it needs no more.</summary>
    void Each(string sql, Func<DbDataReader, bool> read, params ReadOnlySpan<object?> values);

    /// <summary>Inserts a row, at the latest when the next statement needs it.</summary>
    void Insert(Insertion into, params ReadOnlySpan<object?> values);

    /// <summary>Runs a statement for a number, bound to ?1, at the latest when the next statement needs it.</summary>
    /// <param name="sql">Has <c>number = ?1</c> once, so that it can run for many numbers at a time.</param>
    /// <param name="number">The number.</param>
    /// <param name="read">Reads the row that it returns, which begins with the number. It may insert, and run further statements of this kind.</param>
    void ForNumber(string sql, long number, Action<DbDataReader> read);

    /// <summary>The same when the transaction ends, for the number of a payload: no other process ends a delivery of that payload meanwhile.</summary>
    void ForPayload(string sql, long number, Action<DbDataReader> read);

    /// <summary>The next number of a payload or delivery: the transactions of a store commit in the order of their numbers.</summary>
    long NextNumber();
}

/// <summary>A statement that inserts a row.</summary>
/// <param name="Table">The table.</param>
/// <param name="Columns">Its columns, each with its type in PostgreSQL.</param>
/// <param name="Key">How many of the first columns name a row whose place the new one takes; 0: such a row is an error.</param>
internal sealed record Insertion(string Table, (string Name, string Type)[] Columns, int Key = 0)
{
    /// <summary>What becomes of a row that is there, as the end of the statement.</summary>
    public string OnConflict { get; } = Key == 0 ? "" :
        $" on conflict ({Names(Columns.Take(Key))}) do update set {string.Join(", ", Columns.Skip(Key).Select(column => $"{column.Name} = excluded.{column.Name}"))}";

    /// <summary>The columns' names, separated by commas.</summary>
    public string AllNames { get; } = Names(Columns);

    private static string Names(IEnumerable<(string Name, string Type)> columns) => string.Join(", ", columns.Select(column => column.Name));
}

internal static class SessionExtensions
{
    /// <summary>The rows of a query.</summary>
    public static List<T> Query<T>(this ISession session, string sql, Func<DbDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        var rows = new List<T>();
        session.Each(sql, row =>
        {
            rows.Add(read(row));
            return true;
        }, values);
        return rows;
    }

    /// <summary>The one number that a query gives.</summary>
    public static long Number(this ISession session, string sql) => session.Query(sql, row => row.GetInt64(0)).Single();

    /// <summary>The one text that a query gives.</summary>
    public static string Text(this ISession session, string sql) => session.Query(sql, row => row.GetString(0)).Single();

    /// <summary>A text, or null.</summary>
    public static string? GetText(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>A time in UTC, or null: SQLite has text, PostgreSQL a type of its own.</summary>
    public static DateTime? GetTime(this DbDataReader row, int column) => row.IsDBNull(column) ? null
        : row.GetFieldType(column) == typeof(DateTime) ? row.GetDateTime(column) : StoredTime.Parse(row.GetString(column));
}
