namespace ActorSockets.Storage.Postgres;

/// <summary>What a server must be like.</summary>
internal static class PostgresServer
{
    /// <summary>Whether it takes changes, and keeps what it has committed.</summary>
    /// <exception cref="Outbox.LedgerException">It does not: what to set.</exception>
    public static void RequireDurable(ISession session, PostgresConnector connector)
    {
        var (readOnly, synchronous, flushes, encoding) = session.Query("""
            select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on',
              current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_encoding')
            """, row => (row.GetBoolean(0), row.GetString(1), row.GetString(2), row.GetString(3))).Single();
        if (readOnly)
            throw connector.Standby();
        if (synchronous == "off")
            throw connector.Wrong("has synchronous_commit = off for this role, and loses in a crash what was answered: alter role ROLE set synchronous_commit = on");
        if (flushes == "off")
            throw connector.Wrong("has fsync = off, and loses in a power cut what was answered: set fsync = on in postgresql.conf");
        if (encoding != "UTF8")
            throw connector.Wrong($"has the encoding {encoding}: create the database with encoding UTF8");
    }

    /// <summary>
    /// Has the server end a transaction that its client leaves alone for 5 s, because it is stopped or cut off: others wait for the rows that it
    /// has locked.
    /// </summary>
    public static void EndIdleTransactions(ISession session) => session.Execute("set idle_in_transaction_session_timeout = '5s'");

    /// <summary>Has the server notice within 25 s that the machine of this connection is gone: whoever takes over waits for the lock.</summary>
    public static void NoticeDeath(ISession session)
    {
        session.Execute("set tcp_keepalives_idle = 10");
        session.Execute("set tcp_keepalives_interval = 5");
        session.Execute("set tcp_keepalives_count = 3");
    }
}
