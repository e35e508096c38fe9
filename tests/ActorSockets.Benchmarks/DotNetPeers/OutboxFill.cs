using System.Globalization;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>Fills the outbox that a relay has made, as if payloads had waited for long: as many for each target, or shared by all.</summary>
internal static class OutboxFill
{
    /// <param name="directory">The outbox's.</param>
    /// <param name="targets">Names t0, t1, … of so many.</param>
    /// <param name="each">Deliveries of each.</param>
    /// <param name="size">Bytes of a payload.</param>
    /// <param name="isShared">Whether all targets wait for the same payloads.</param>
    public static Task RunAsync(string directory, int targets, int each, int size, bool isShared)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "store.db")};Pooling=False");
        connection.Open();
        // All indexes in memory while they grow.
        Execute("pragma synchronous = off; pragma cache_size = -1000000");
        Execute("begin immediate");
        using var payload = Prepare("insert into payload (number, length, digest, bytes) values ($0, $1, 'xxh128:00112233445566778899aabbccddeeff', zeroblob($1))", 2);
        using var delivery = Prepare("""
            insert into delivery (number, target, id, payload, length, state, created, since, attempts)
            values ($0, $1, $2, $3, $4, 'queued', $5, $5, 0)
            """, 6);
        var (number, payloads, now) = (0L, 0L, DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        for (var i = 0; i < each; i++)
        {
            for (var target = 0; target < targets; target++)
            {
                if (target == 0 || !isShared)
                    Run(payload, ++payloads, size);
                Run(delivery, ++number, $"t{target}", i.ToString("x32", CultureInfo.InvariantCulture), payloads, size, now);
            }
        }

        Execute("commit");
        Execute("pragma wal_checkpoint(truncate)");
        return Task.CompletedTask;

        void Execute(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        SqliteCommand Prepare(string sql, int values)
        {
            var command = connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
            return command;
        }

        static void Run(SqliteCommand command, params object[] values)
        {
            for (var i = 0; i < values.Length; i++)
                command.Parameters[i].Value = values[i];
            command.ExecuteNonQuery();
        }
    }
}
