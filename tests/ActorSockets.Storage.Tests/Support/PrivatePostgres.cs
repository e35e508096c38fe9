using System.Diagnostics;
using Npgsql;

namespace ActorSockets.Tests.Support;

/// <summary>
/// A PostgreSQL server of the installed programs, with a new cluster in a directory of its own, on a Unix socket. It refuses to run as
/// root, and then runs as nobody.
/// </summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    public const string User = "relay";
    public const string Password = "c0rrect-h0rse";

    private static readonly Lazy<Task<PrivatePostgres>> OfAll = new(StartAsync);

    private readonly string _directory;
    private readonly string _programs;
    private readonly Process _watcher;

    private PrivatePostgres(string directory, string programs)
    {
        (_directory, _programs) = (directory, programs);
        // Its input ends with this process, however that ends.
        string[] script = ["-c", "directory=$1; shift; trap '' INT TERM; read -r end; \"$@\" > /dev/null 2>&1; rm -rf \"$directory\"", "sh", directory];
        _watcher = Process.Start(new ProcessStartInfo("sh", [.. script, .. AsUser("pg_ctl", "-D", Data, "-m", "immediate", "-w", "-s", "stop")]) { RedirectStandardInput = true, WorkingDirectory = "/" })!;
    }

    /// <summary>One for all tests of this process that leave it running.</summary>
    public static Task<PrivatePostgres> SharedAsync() => OfAll.Value;

    /// <summary>Why there is none here; null: there is. Never on a machine that must have it.</summary>
    public static string? WhyMissing => Programs is null && Environment.GetEnvironmentVariable("POSTGRES_REQUIRED") is not { Length: > 0 }
        ? "initdb is not installed: apt-get install postgresql" : null;

    /// <summary>How a role with a password connects.</summary>
    public string Connection => $"Host={_directory};Username={User};Database=relay";

    /// <summary>A file with the password.</summary>
    public string PasswordFile => Path.Combine(_directory, "password");

    /// <summary>The server's process, whose children do the work.</summary>
    public int Id => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), System.Globalization.CultureInfo.InvariantCulture);

    // Debian keeps them out of the path.
    private static string? Programs => (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
        .Select(version => Path.Combine(version, "bin")).Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        .FirstOrDefault(directory => File.Exists(Path.Combine(directory, "initdb")));

    private string Data => Path.Combine(_directory, "data");

    public static async Task<PrivatePostgres> StartAsync()
    {
        var programs = Programs ?? throw new InvalidOperationException("POSTGRES_REQUIRED is set, and initdb is not installed");
        var directory = Directory.CreateTempSubdirectory("pg-").FullName;
        var server = new PrivatePostgres(directory, programs);
        await File.WriteAllTextAsync(server.PasswordFile, Password + "\n");
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", "nobody", directory);
        await server.RunAsUserAsync("initdb", "-D", server.Data, "-U", "admin", "--no-locale", "-E", "UTF8", "--auth=trust", "--no-sync");
        // The superuser of the tests comes in without a password, and the role of the relay with one.
        await File.WriteAllTextAsync(Path.Combine(server.Data, "pg_hba.conf"), $"local all admin trust\nlocal all all scram-sha-256\nlocal replication admin trust\n");
        await File.AppendAllTextAsync(Path.Combine(server.Data, "postgresql.conf"), $"listen_addresses = ''\nunix_socket_directories = '{directory}'\nmax_connections = 300\n");
        await server.StartAgainAsync();
        await server.ExecuteAsync($"create role {User} login password '{Password}'", "create database relay owner relay");
        return server;
    }

    /// <summary>Starts it after <see cref="StopAsync"/>; done when it answers.</summary>
    public Task StartAgainAsync() => RunAsUserAsync("pg_ctl", "-D", Data, "-l", Path.Combine(Data, "log"), "-w", "-s", "start");

    /// <summary>Ends it as a crash does, without a checkpoint.</summary>
    public Task StopAsync() => RunAsUserAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "-s", "stop");

    /// <summary>Runs statements as superuser.</summary>
    public async Task ExecuteAsync(params string[] statements) => await ExecuteInAsync("postgres", statements);

    /// <summary>Runs statements as superuser in a database.</summary>
    public async Task ExecuteInAsync(string database, params string[] statements)
    {
        await using var connection = new NpgsqlConnection($"Host={_directory};Username=admin;Database={database};Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>The texts of a query, as superuser in a database.</summary>
    public async Task<IReadOnlyList<string>> QueryAsync(string database, string query)
    {
        await using var connection = new NpgsqlConnection($"Host={_directory};Username=admin;Database={database};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(query, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        _watcher.StandardInput.Close();
        await _watcher.WaitForExitAsync();
        _watcher.Dispose();
    }

    private Task RunAsUserAsync(string program, params string[] arguments) => AsUser(program, arguments) is [var first, .. var rest] ? RunAsync(first, rest) : Task.CompletedTask;

    private string[] AsUser(string program, params string[] arguments) =>
        [.. Environment.IsPrivilegedProcess ? (string[])["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] : [], Path.Combine(_programs, program), .. arguments];

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // Output into pipes would stay open in the server.
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" > /dev/null 2>&1 < /dev/null", "sh", program, .. arguments]) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
