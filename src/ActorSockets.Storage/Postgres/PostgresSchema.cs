using ActorSockets.Outbox;

namespace ActorSockets.Storage.Postgres;

/// <summary>
/// The tables of a store, and how an older store becomes a present one. <c>store.version</c> says how many of the <see cref="Steps"/> a
/// schema has behind it. A step that was released never changes.
/// </summary>
internal static class PostgresSchema
{
    private static readonly string[] Steps =
    [
        // Names sort by their bytes. A table whose rows come and go is vacuumed early, or scans step over what is gone.
        """
        create table store (
          version     integer not null,
          last_number bigint  not null,       -- of payloads and deliveries; its lock orders the transactions that insert some
          only_row    boolean primary key default true check (only_row)
        ) with (fillfactor = 10);
        insert into store (version, last_number) values (0, 0);

        create table incoming (
          sender      text    collate "C" not null,
          id          text    collate "C" not null,
          state       text    not null check (state in ('partial', 'storing', 'received')),
          length      bigint,                 -- bytes; null: the sender does not know it yet
          digest      text,                   -- of the whole payload, as xxh128:HEX or sha256:HEX
          partial     text,                   -- the partial file's name
          "offset"    bigint  not null,       -- bytes that are flushed to the disk
          stored_as   text,                   -- the file's name; a relay's: the id at its targets
          at          timestamptz not null,
          primary key (sender, id)
        );
        create index incoming_by_age on incoming (state, at);

        -- A payload may have many deliveries. A delivery that is done leaves, and the last one takes the payload along.
        create table payload (
          number      bigint  primary key,
          length      bigint  not null,       -- bytes
          digest      text    not null,       -- of all bytes, as xxh128:HEX
          file        text    collate "C",    -- its name in the table part, or in the directory of large payloads; null: the bytes are here
          bytes       bytea,
          check ((file is null) <> (bytes is null))
        );
        alter table payload alter column bytes set storage external;
        alter table payload set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
        create index payload_by_length on payload (length);
        create index payload_by_file on payload (file) where file is not null;
        create table part (
          file        text    collate "C" not null,
          position    bigint  not null,       -- of its first byte
          bytes       bytea   not null,       -- up to 1 MiB
          primary key (file, position)
        );
        alter table part alter column bytes set storage external;
        create table delivery (
          number      bigint  primary key,    -- the order of a target's line
          target      text    collate "C" not null,
          id          text    collate "C" not null,
          payload     bigint  not null,       -- its number; a foreign key costs a sixth of the server's time
          length      bigint  not null,       -- the payload's
          name        text,                   -- the file name that the receiver should give it
          state       text    collate "C" not null check (state in ('queued', 'held', 'failed', 'unconfirmed')),
          created     timestamptz not null,
          since       timestamptz not null,   -- when it came, or was last told to be tried again
          attempts    integer not null,
          attempted   timestamptz,            -- when the last attempt that failed ended
          kind        text,                   -- why it did: for programs
          reason      text,                   -- and for people
          finished    timestamptz,            -- when it was set aside
          unique (target, id)
        );
        alter table delivery set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
        create index delivery_line on delivery (target, state, number) include (length);  -- what is counted at the start
        create index delivery_by_payload on delivery (payload);
        create index delivery_by_finished on delivery (finished) where finished is not null;
        create table target (
          name        text    collate "C" primary key,
          held        integer not null,       -- 1: nothing is sent
          epoch       bigint  not null default 0,  -- raised by whoever begins to send
          revision    bigint  not null default 0   -- raised by whoever changes the line otherwise than at its end
        );
        create table command (                -- of other processes, for the one that has the lock
          number      bigint  generated always as identity primary key,
          at          timestamptz not null,
          verb        text    not null check (verb in ('retry', 'cancel', 'hold', 'release')),
          target      text    collate "C",    -- null: of any target
          id          text    collate "C",    -- null: of any id
          changed     integer                 -- deliveries that it changed; null: it waits
        );
        """,
        """
        create table writer (                 -- processes that change the store
          name        text    collate "C" primary key,
          marked      text    collate "C" not null,     -- its last transaction that was committed
          at          timestamptz not null    -- of that transaction
        ) with (fillfactor = 10);
        create table node (                   -- of a cluster
          name        text    collate "C" primary key,  -- host:port, where the other nodes reach it
          seen        timestamptz not null    -- when it last said that it is in the cluster: each second
        );
        """,
        """
        alter table store add column payloads text;  -- what the file outbox-id says of the directory of large payloads; null: they are rows
        """,
        """
        delete from node;                     -- none runs
        alter table node
          add column settings text not null default '',  -- what all nodes need the same of
          add column targets  text not null default '';  -- a digest of the durable targets in its file
        """,
        """
        alter table target add column node text collate "C";  -- which last began to send; null: a program that is no node
        """,
    ];

    /// <summary>The version of this program.</summary>
    public static int Version => Steps.Length;

    /// <summary>Brings a schema to the present version, in one transaction; creates it when there is none.</summary>
    /// <exception cref="LedgerException">The schema is another program's, or was written by a newer version. It is unchanged.</exception>
    public static void Migrate(PostgresSession session, PostgresConnector connector)
    {
        using var transaction = session.Connection.BeginTransaction();
        // Not "create schema if not exists": that asks for a right that nobody needs once the schema is there.
        if (session.Query("select 1 from pg_namespace where nspname = ?1", row => row.GetInt32(0), connector.Schema).Count == 0)
            session.Execute($"create schema {connector.Schema}");
        var version = Find(session, connector) ?? 0;
        if (version == Version)
            return;
        foreach (var step in Steps.Skip(version))
            session.Execute(step);
        session.Execute("update store set version = ?1", Version);
        transaction.Commit();
    }

    /// <summary>Whether the schema is that of this version: nodes that have it open cannot see it change.</summary>
    /// <exception cref="LedgerException">It is not. It is unchanged.</exception>
    public static void RequirePresent(ISession session, PostgresConnector connector)
    {
        if (Find(session, connector) is var version && version != Version)
            throw connector.Wrong(
                $"has an outbox of an older version of ActorSockets in the schema {connector.Schema} (schema {version ?? 0}; this one has {Version}), which nodes of the cluster use: stop all of them once");
    }

    /// <summary>Whether a schema can be read as it is.</summary>
    /// <exception cref="LedgerException">There is none, or it is of another program or another version.</exception>
    public static void RequireReadable(ISession session, PostgresConnector connector)
    {
        switch (Find(session, connector))
        {
            case null:
                throw connector.Wrong($"has no outbox in the schema {connector.Schema}: nothing was ever stored there");
            case { } version when version < Version:
                throw connector.Wrong($"has an outbox of an older version of ActorSockets in the schema {connector.Schema}: start the program once");
        }
    }

    /// <returns>The version of what is there; null: nothing is.</returns>
    private static int? Find(ISession session, PostgresConnector connector)
    {
        var tables = session.Query("select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ?1 and c.relkind = 'r'",
            row => row.GetString(0), connector.Schema);
        if (tables.Count == 0)
            return null;
        if (!tables.Contains("store") || !tables.Contains("incoming"))
            throw connector.Wrong($"has tables of another program in the schema {connector.Schema}: set another outbox.schema");
        var version = session.Query("select version from store", row => row.GetInt32(0)).Single();
        return version <= Version ? version : throw connector.Wrong(
            $"has an outbox of a newer version of ActorSockets in the schema {connector.Schema} (schema {version}; this one knows {Version}): use that version");
    }
}
