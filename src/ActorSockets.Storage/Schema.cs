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
          stored_as  text,               -- the file's name
          at         text    not null,
          primary key (sender, id)
        ) strict, without rowid;
        create index incoming_by_age on incoming (state, at);
        """,
    ];

    /// <summary>The version of this program.</summary>
    public static int Version => Steps.Length;

    /// <summary>Brings a file to the present version; each step is one transaction.</summary>
    /// <exception cref="LedgerException">The file is another program's, or was written by a newer version. It is unchanged.</exception>
    public static void Migrate(SqliteSession session, string path)
    {
        var application = session.Number("pragma application_id");
        var version = session.Number("pragma user_version");
        var isNew = version == 0 && application == 0 && session.Number("select count(*) from sqlite_schema") == 0;
        if (!isNew && application != ApplicationId)
            throw new LedgerException($"{path} is a database of another program: use another directory");
        if (version > Version)
            throw new LedgerException($"{path} was written by a newer version of ActorSockets (schema {version}; this one knows {Version}): use that version");

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
}
