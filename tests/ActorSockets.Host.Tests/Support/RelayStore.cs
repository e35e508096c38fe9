using Microsoft.Data.Sqlite;

namespace ActorSockets.Host.Tests.Support;

/// <summary>The outbox of a kill run.</summary>
internal abstract class RelayStore
{
    /// <summary>Its settings.</summary>
    public abstract string Hocon { get; }

    /// <summary>How many deliveries a kill of the relay leaves that the raw server has and the store does not know of.</summary>
    public abstract int MostUnknown { get; }

    /// <summary>Looks for damage; the relay does not run.</summary>
    /// <returns>What is damaged; null: nothing.</returns>
    public abstract string? WhyDamaged();

    /// <summary>Payloads that no row names, when nothing waits any more.</summary>
    public abstract Task<IReadOnlyList<string>> LeftAsync();

    /// <summary>Crashes it, and starts it again; null: it is no process.</summary>
    public virtual Func<Task>? Crash => null;

    /// <summary>Whether a relay may have ended with this, since the store was away when it began.</summary>
    public virtual bool Excuses(string said) => false;
}

/// <summary>A directory.</summary>
/// <param name="directory">The directory of the run.</param>
internal sealed class SqliteRelayStore(string directory) : RelayStore
{
    public override string Hocon => $"outbox.directory = \"{directory}/outbox\"";

    public override int MostUnknown => 1;

    /// <summary>Checks a copy: whoever opens the database itself does what the relay has to do at its next start.</summary>
    public override string? WhyDamaged()
    {
        var (database, copy) = (Path.Combine(directory, "outbox", "store.db"), Path.Combine(directory, "copy.db"));
        if (!File.Exists(database))
            return null;
        File.Copy(database, copy, overwrite: true);
        File.Delete(copy + "-wal");
        if (File.Exists(database + "-wal"))
            File.Copy(database + "-wal", copy + "-wal");
        using var connection = new SqliteConnection($"Data Source={copy};Pooling=False");
        connection.Open();
        using var check = connection.CreateCommand();
        check.CommandText = "pragma integrity_check";
        return check.ExecuteScalar() is var state and not "ok" ? $"{state}" : null;
    }

    public override Task<IReadOnlyList<string>> LeftAsync()
    {
        // Made for the first payload that is too large for a row.
        var payloads = Path.Combine(directory, "outbox", "payloads");
        return Task.FromResult<IReadOnlyList<string>>(Directory.Exists(payloads) ? Directory.GetFiles(payloads) : []);
    }
}
