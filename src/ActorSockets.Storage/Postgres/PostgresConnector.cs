using System.Globalization;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using Npgsql;

namespace ActorSockets.Storage.Postgres;

/// <summary>Opens connections to the database of a store, and says what their errors mean to a person.</summary>
/// <param name="place">The database.</param>
internal sealed class PostgresConnector(StorePlace.InPostgres place)
{
    private const int ConnectSeconds = 10, StatementSeconds = 30;

    // pg_xact_status, which tells what became of a transaction.
    private static readonly Version Oldest = new(13, 0);

    private readonly NpgsqlConnectionStringBuilder _written = new(place.Connection);

    /// <summary>What <c>pg_stat_activity</c> calls this process.</summary>
    public static string ApplicationName { get; } =
        string.Create(CultureInfo.InvariantCulture, $"actorsockets process {Environment.ProcessId} on {Environment.MachineName}");

    /// <summary>The schema.</summary>
    public string Schema => place.Schema;

    /// <summary>What messages call the database.</summary>
    public string Where => Printable.Of($"PostgreSQL on {(string.IsNullOrEmpty(_written.Host) ? "localhost" : _written.Host)}, database {_written.Database ?? _written.Username ?? "of the role"}");

    /// <summary>What is wrong with the connection string.</summary>
    public static string? WhyWrong(string connection)
    {
        try
        {
            var written = new NpgsqlConnectionStringBuilder(connection);
            return written.Password is { Length: > 0 } || written.SslPassword is { Length: > 0 } ? "has a password: put it into a file that password-file names"
                : string.IsNullOrEmpty(written.Host) ? "names no server: needs Host=…" : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or NotSupportedException or InvalidOperationException)
        {
            // Npgsql's words name the keyword, and not what stands behind it; those of a broken string would repeat it.
            return e is ArgumentException { ParamName: { Length: > 0 } keyword } && !connection.Contains("://", StringComparison.Ordinal)
                ? $"has a keyword, or a value of one, that Npgsql does not know: {keyword}"
                : "is not a list such as Host=db.example;Database=relay;Username=relay";
        }
    }

    /// <summary>A connection whose statements find the schema's tables.</summary>
    /// <exception cref="NpgsqlException">There is none to be had.</exception>
    /// <exception cref="LedgerException">The password's file cannot be read, or the server is too old.</exception>
    public PostgresSession Open()
    {
        var connection = new NpgsqlConnection(ConnectionString());
        try
        {
            connection.Open();
            if (connection.PostgreSqlVersion < Oldest)
                throw new LedgerException($"{Where}: version {connection.PostgreSqlVersion} is too old, {Oldest.Major} or newer is needed");
            return new PostgresSession(connection);
        }
        catch (Exception)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Whether another connection may succeed where this one ended.</summary>
    public static bool IsLost(Exception e) => e switch
    {
        PostgresException sent => sent.SqlState.StartsWith("57P", StringComparison.Ordinal) || sent.SqlState.StartsWith("08", StringComparison.Ordinal) || sent.InvariantSeverity is "FATAL" or "PANIC",
        NpgsqlException or ObjectDisposedException => true,
        _ => false,
    };

    /// <inheritdoc cref="IDatabase.Explain"/>
    public IOException Explain(Exception e) => e switch
    {
        LedgerException or RowExistsException => (IOException)e,
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } => new RowExistsException(e),
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => Full(e),
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } sent =>
            Wrong($"does not let the role in ({Printable.Of(sent.MessageText)}): {PasswordAdvice}", e),
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => Wrong("does not exist: create it with createdb", e),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } sent =>
            Wrong($"denies the role something ({Printable.Of(sent.MessageText)}): as the owner of the database, create schema {Schema} authorization ROLE", e),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => Standby(e),
        PostgresException sent => Wrong($"answers: {Printable.Of(sent.MessageText)} ({sent.SqlState})", e),
        NpgsqlException { InnerException: SocketException } when UnixSocket is { } path && !File.Exists(path) => Wrong($"cannot be reached: there is no {path}", e),
        NpgsqlException { InnerException: SocketException socket } => Wrong($"cannot be reached: {socket.Message}", e),
        NpgsqlException { InnerException: TimeoutException } => Wrong("does not answer in time", e),
        NpgsqlException when e.Message.Contains("No password", StringComparison.Ordinal) => Wrong($"asks for a password: {PasswordAdvice}", e),
        NpgsqlException { InnerException: { } inner } => Wrong($"does not answer: {Printable.Of(inner.Message)}", e),
        _ => Wrong($"cannot be used: {Printable.Of(e.Message)}", e),
    };

    /// <summary>The server takes no changes.</summary>
    public LedgerException Standby(Exception? cause = null) => Wrong("is a standby, or read-only: name the primary, or all servers and Target Session Attributes=primary", cause);

    /// <summary>A sentence about the database.</summary>
    public LedgerException Wrong(string what, Exception? cause = null) => new($"{Where} {what}", cause: cause);

    private LedgerException Full(Exception cause) => new($"{Where} cannot be written: no space left on its disk", isFull: true, cause);

    private string? UnixSocket => _written.Host is ['/', ..] directory ? Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{_written.Port}")) : null;

    private string PasswordAdvice => place.PasswordFile.Length > 0
        ? $"the password is the first line of {Printable.Of(place.PasswordFile)}"
        : "put the password into a file that outbox.password-file names, or into PGPASSWORD";

    private string ConnectionString()
    {
        var all = new NpgsqlConnectionStringBuilder(place.Connection)
        {
            ApplicationName = ApplicationName,
            SearchPath = Schema,
            Pooling = false,
            Enlist = false,
            TcpKeepAlive = true,
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
        };
        if (!_written.ContainsKey("Timeout"))
            all.Timeout = ConnectSeconds;
        if (!_written.ContainsKey("Command Timeout"))
            all.CommandTimeout = StatementSeconds;
        if (place.PasswordFile.Length > 0)
            all.Password = ReadPassword();
        return all.ConnectionString;
    }

    private string ReadPassword()
    {
        try
        {
            return File.ReadLines(place.PasswordFile).FirstOrDefault() is { Length: > 0 } password
                ? password
                : throw new LedgerException($"{Printable.Of(place.PasswordFile)} (outbox.password-file) is empty: its first line is the password");
        }
        catch (Exception e) when (Posix.IsFileError(e) && e is not LedgerException)
        {
            throw new LedgerException($"{Printable.Of(place.PasswordFile)} (outbox.password-file) cannot be read: {Posix.Reason(e)}", cause: e);
        }
    }
}
