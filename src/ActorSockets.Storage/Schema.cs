using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>
/// The tables of a store, and how an older store becomes a present one. <c>pragma user_version</c> says how many of the
/// <see cref="Steps"/> a file has behind it. A step that was released never changes.
/// </summary>
internal static class Schema
{
    /// <summary>pragma application_id: "actr" in ASCII. Tells our files from those of other programs.</summary>
    public const int ApplicationId = 0x61637472;

    private static readonly string[] Steps =
    [
        // Times are UTC, as text that sorts. The sender is the name in its certificate, and empty without one.
        """
        create table incoming (
          sender     text    not null,
          id         text    not null,
          state      text    not null check (state in ('partial', 'storing', 'received')),
          length     integer,            -- bytes; null: the sender does not know it yet
          digest     text,               -- of the whole payload, as xxh128:HEX or sha256:HEX
          partial    text,               -- the partial file's name
          offset     integer not null,   -- bytes that are flushed to the disk
          stored_as  text,               -- the file's name; a relay's: the id at its targets
          at         text    not null,
          primary key (sender, id)
        ) strict, without rowid;
        create index incoming_by_age on incoming (state, at);
        """,

        // A payload may have many deliveries. A delivery that is done leaves, and the last one takes the payload along.
        """
        create table payload (
          number     integer primary key,
          length     integer not null,   -- bytes
          digest     text    not null,   -- of all bytes, as xxh128:HEX
          file       text,               -- its name in payloads/; null: the bytes are here
          bytes      blob,
          check ((file is null) <> (bytes is null))
        ) strict;
        create index payload_by_length on payload (length);
        create index payload_by_file on payload (file) where file is not null;
        create table delivery (
          number     integer primary key,  -- the order of a target's line
          target     text    not null,
          id         text    not null,
          payload    integer not null references payload,
          length     integer not null,     -- the payload's
          name       text,                 -- the file name that the receiver should give it
          state      text    not null check (state in ('queued', 'held', 'failed', 'unconfirmed')),
          created    text    not null,
          since      text    not null,     -- when it came, or was last told to be tried again
          attempts   integer not null,
          attempted  text,                 -- when the last attempt that failed ended
          kind       text,                 -- why it did: for programs
          reason     text,                 -- and for people
          finished   text,                 -- when it was set aside
          unique (target, id)
        ) strict;
        create index delivery_line on delivery (target, state, number, length);  -- what is counted at the start is in the index
        create index delivery_by_payload on delivery (payload);
        create index delivery_by_finished on delivery (finished) where finished is not null;
        create table target (
          name       text    primary key,
          held       integer not null    -- 1: nothing is sent
        ) strict, without rowid;
        create table command (             -- of other processes, for the one that has the lock
          number     integer primary key autoincrement,
          at         text    not null,
          verb       text    not null check (verb in ('retry', 'cancel', 'hold', 'release')),
          target     text,                 -- null: of any target
          id         text,                 -- null: of any id
          changed    integer               -- deliveries that it changed; null: it waits
        ) strict;
        """,
    ];

    /// <summary>The version of this program.</summary>
    public static int Version => Steps.Length;

    /// <summary>Brings a file to the present version; each step is one transaction.</summary>
    /// <exception cref="LedgerException">The file is another program's, or was written by a newer version. It is unchanged.</exception>
    public static void Migrate(SqliteSession session, string path)
    {
        var version = session.Number("pragma user_version");
        if (version > 0 || session.Number("select count(*) from sqlite_schema") > 0)
            RequireKnown(session, path, version);
        for (var step = (int)version; step < Version; step++)
        {
            session.Script($"""
                begin immediate;
                {Steps[step]}
                pragma application_id = {ApplicationId};
                pragma user_version = {step + 1};
                commit;
                """);
        }
    }

    /// <summary>Whether a file can be read as it is.</summary>
    /// <exception cref="LedgerException">It is of another program or another version.</exception>
    public static void RequireReadable(ISession session, string path)
    {
        var version = session.Number("pragma user_version");
        RequireKnown(session, path, version);
        if (version < Version)
            throw new LedgerException($"{path} was written by an older version of ActorSockets, and has no outbox");
    }

    private static void RequireKnown(ISession session, string path, long version)
    {
        if (session.Number("pragma application_id") != ApplicationId)
            throw new LedgerException($"{path} is a database of another program: use another directory");
        if (version > Version)
            throw new LedgerException($"{path} was written by a newer version of ActorSockets (schema {version}; this one knows {Version}): use that version");
    }
}
