namespace ActorSockets.Outbox;

/// <summary>Where a store is.</summary>
public abstract record StorePlace
{
    /// <summary>What people call it. It has no secret.</summary>
    public abstract string Description { get; }

    /// <summary>A directory with an SQLite database.</summary>
    /// <param name="Path">Relative to the working directory, or absolute.</param>
    public sealed record OnDisk(string Path) : StorePlace
    {
        /// <inheritdoc />
        public override string Description => Path;
    }

    /// <summary>A schema of a PostgreSQL database.</summary>
    /// <param name="Connection">Npgsql's connection string, without a password.</param>
    /// <param name="PasswordFile">The file whose first line is the password; empty: PGPASSWORD, or the file that PGPASSFILE names.</param>
    /// <param name="Schema">The schema, which belongs to the outbox alone.</param>
    public sealed record InPostgres(string Connection, string PasswordFile, string Schema) : StorePlace
    {
        /// <summary>A directory for payloads that are too large for a row; empty: rows.</summary>
        public string Payloads { get; init; } = "";

        /// <summary>Whether other processes that say the same may have it open at a time; otherwise one process has it.</summary>
        public bool IsShared { get; init; }

        /// <inheritdoc />
        public override string Description => $"postgresql, schema {Schema}";
    }
}
