using ActorSockets.Outbox;
using ActorSockets.Platform;

namespace ActorSockets.Storage.Postgres;

/// <summary>
/// Whether the directory of large payloads is that of the schema: it has a file with an id, which the schema has too. In a directory that is
/// another one, or is not mounted, everything would be gone.
/// </summary>
internal static class SharedPayloads
{
    public const string FileName = "outbox-id";

    /// <summary>Makes a directory the schema's, as long as nothing large is stored elsewhere.</summary>
    /// <param name="session">The writer's.</param>
    /// <param name="connector">Names the database in messages.</param>
    /// <param name="directory">The directory; empty: rows.</param>
    /// <param name="mayChange">Whether no other process has the schema.</param>
    /// <exception cref="LedgerException">It is not the schema's, and cannot be.</exception>
    public static void Claim(ISession session, PostgresConnector connector, string directory, bool mayChange)
    {
        var known = session.Query("select payloads from store", row => row.IsDBNull(0) ? null : row.GetString(0)).Single();
        var found = directory.Length == 0 ? null : Find(directory);
        if (known == found && (known is null) == (directory.Length == 0))
            return;
        if (!mayChange || session.Query("select 1 from payload where file is not null limit 1", row => row.GetInt32(0)).Count > 0)
        {
            var where = (known, directory) switch
            {
                (null, _) => $"rows, and not in {directory}",
                (_, "") => "a directory, and payloads is empty",
                _ => $"another directory than {directory}; is that mounted?",
            };
            throw connector.Wrong($"has large payloads in {where} (outbox.payloads, which can be changed when none waits and no other node runs)");
        }

        if (found is not null)
            throw new LedgerException($"{Path.Combine(directory, FileName)} is another outbox's: set another directory (outbox.payloads), or delete the file if that outbox is no longer used");

        // First here: of a directory that has an id, and whose schema does not know it, nobody would know whose it is.
        var id = directory.Length == 0 ? null : Guid.NewGuid().ToString("N");
        session.Execute("update store set payloads = cast(?1 as text)", id);
        if (id is not null)
            Mark(directory, id);
    }

    private static string? Find(string directory)
    {
        if (!Directory.Exists(directory))
            throw new LedgerException($"{directory} is not there: create it, or mount it (outbox.payloads)");
        var path = Path.Combine(directory, FileName);
        return PayloadFiles.Try(path, "read", () => File.Exists(path) ? File.ReadAllText(path).Trim() : null);
    }

    private static void Mark(string directory, string id)
    {
        var path = Path.Combine(directory, FileName);
        PayloadFiles.Try(path, "written", () =>
        {
            File.WriteAllText(path, id + "\n");
            using var written = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.FlushToDisk(written);
            Posix.FlushDirectory(directory);
            return true;
        });
    }
}
