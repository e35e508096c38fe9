using ActorSockets.Configuration;
using ActorSockets.Outbox;
using Npgsql;

namespace ActorSockets.Storage.Postgres;

/// <summary>
/// Keeps a schema for one process, or for the nodes of a cluster: an advisory lock of the writer's connection, which the server releases when
/// the connection ends.
/// </summary>
internal static class PostgresLock
{
    // "actr" in ASCII, and the schema's name; as two numbers of 31 bits.
    private const string Key = "1633907826, hashtext(?1) & 2147483647";

    // A sweep of many payloads, of the first node.
    private const string SharedTimeout = "30s";

    /// <summary>Takes the lock. Blocks for up to 3 s: the server notices a moment later that a process was killed that had it.</summary>
    /// <param name="session">Keeps it.</param>
    /// <param name="connector">Names the database in messages.</param>
    /// <param name="formerBackend">The server's process of a connection that this process has lost; 0: none. If that one still has the lock, it is ended.</param>
    /// <exception cref="LedgerException">Another process has it.</exception>
    public static void Take(ISession session, PostgresConnector connector, int formerBackend)
    {
        if (Holder(session, connector.Schema) is { } former && former.Backend == formerBackend && former.Name == PostgresConnector.ApplicationName)
            session.Query("select pg_terminate_backend(?1)", row => row.GetBoolean(0), formerBackend);
        Wait(session, connector, "pg_advisory_lock", "3s", "stop it, or set another outbox.schema here; nodes of a cluster need cluster.enabled = on, all of them");
    }

    /// <summary>Takes the lock alone, if nobody has it.</summary>
    public static bool TryTake(ISession session, string schema) => session.Query($"select pg_try_advisory_lock({Key})", row => row.GetBoolean(0), schema).Single();

    /// <summary>Takes the lock with others. Blocks for up to 30 s: the first node of a cluster has it alone for a moment.</summary>
    /// <exception cref="LedgerException">A process outside the cluster has it.</exception>
    public static void TakeShared(ISession session, PostgresConnector connector) => Wait(session, connector, "pg_advisory_lock_shared", SharedTimeout,
        "it is not clustered (cluster.enabled = off): stop it, or set another outbox.schema here");

    /// <summary>Lets others have the lock too.</summary>
    public static void Share(ISession session, PostgresConnector connector)
    {
        TakeShared(session, connector);
        session.Query($"select pg_advisory_unlock({Key})", row => row.GetBoolean(0), connector.Schema);
    }

    /// <summary>Whether a process has the lock now.</summary>
    public static bool IsTaken(ISession session, string schema) => Holder(session, schema) is not null;

    private static void Wait(ISession session, PostgresConnector connector, string take, string timeout, string advice)
    {
        try
        {
            session.Execute($"set lock_timeout = '{timeout}'");
            session.Execute($"select {take}({Key})", connector.Schema);
            session.Execute("reset lock_timeout");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            var holder = Holder(session, connector.Schema) is { } other ? $"{Printable.Of(other.Name)} (backend {other.Backend})" : "another process";
            throw connector.Wrong($"has the schema {connector.Schema} in use by {holder}: {advice}");
        }
    }

    private static (int Backend, string Name)? Holder(ISession session, string schema) => session.Query("""
        select l.pid, coalesce(a.application_name, '') from pg_locks l left join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.database = (select oid from pg_database where datname = current_database())
          and l.classid = cast(1633907826 as oid) and l.objid = cast(hashtext(?1) & 2147483647 as oid)
        """, row => ((int, string)?)(row.GetInt32(0), row.GetString(1)), schema).FirstOrDefault();
}
