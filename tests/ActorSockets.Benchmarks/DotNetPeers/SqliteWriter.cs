using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>What a relay writes, without the relay: payloads and deliveries inserted, and deleted again, so many in a transaction.</summary>
internal static class SqliteWriter
{
    public static Task RunAsync(string directory, int count, int size, int targets, int together)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "bare.db")};Pooling=False");
        connection.Open();
        Execute("pragma journal_mode = wal");
        Execute("pragma synchronous = full");
        Execute("create table payload (number integer primary key, length integer, digest text, bytes blob)");
        Execute("create table delivery (number integer primary key, target text, id text, payload integer, state text, created text, unique (target, id))");
        using var payload = Prepare("insert into payload values ($n, $l, $d, $b)", "$n", "$l", "$d", "$b");
        using var delivery = Prepare("insert into delivery values ($n, $t, $i, $p, 'queued', $c)", "$n", "$t", "$i", "$p", "$c");
        using var done = Prepare("delete from delivery where number = $n", "$n");
        using var gone = Prepare("delete from payload where number = $n", "$n");
        var bytes = new byte[size];
        var startedAt = Stopwatch.GetTimestamp();
        for (var first = 0; first < count; first += together)
        {
            var batch = Enumerable.Range(first, Math.Min(together, count - first)).ToArray();
            Execute("begin immediate");
            foreach (var number in batch)
            {
                Run(payload, number, size, "xxh128:00112233445566778899aabbccddeeff", bytes);
                for (var target = 0; target < targets; target++)
                    Run(delivery, number * targets + target, $"t{target}", $"{number:x32}", number, "2026-11-26T00:00:00.000Z");
            }

            Execute("commit");
            for (var target = 0; target < targets; target++)
            {
                Execute("begin immediate");
                foreach (var number in batch)
                {
                    Run(done, number * targets + target);
                    if (target == targets - 1)
                        Run(gone, number);
                }

                Execute("commit");
            }
        }

        Gauges.Say("written", count, Stopwatch.GetElapsedTime(startedAt));
        return Task.CompletedTask;

        void Execute(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        SqliteCommand Prepare(string sql, params string[] names)
        {
            var command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var name in names)
                command.Parameters.Add(new SqliteParameter { ParameterName = name });
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
