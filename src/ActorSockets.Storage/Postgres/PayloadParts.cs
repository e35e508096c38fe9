using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Storage.Postgres;

/// <summary>Payloads that are too large for a row, as rows of the table <c>part</c>, each with up to 1 MiB.</summary>
/// <param name="database">Opens connections.</param>
internal sealed class PayloadParts(PostgresDatabase database) : ILargePayloads
{
    /// <summary>Bytes of a row; a single write of more is one row.</summary>
    public const int PartBytes = 1 << 20;

    // Each has a connection while it is busy.
    private const int Threads = 4;

    // Rows of one delete, of a few 100 MiB.
    private const int DeletedTogether = 256;

    // While the server is away.
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly SessionPool _sessions = new(database);
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _closing = new();
    private Task<bool> _deleting = Task.FromResult(true);

    public BlockingThreads Lane { get; } = new("outbox payloads", Threads);

    public string Describe(string name) => $"rows of the table part, {name},";

    public ILargePayload Create(string name) => new PayloadPart(this, name);

    public Payload Open(string name, long length) => new PartsPayload(this, name, length);

    /// <summary>A crash of the server loses parts that no commit has flushed, and a program that finds the schema unused deletes those without a row.</summary>
    public bool IsWhole(ISession session, string name, long length) =>
        session.Query("select cast(coalesce(sum(octet_length(bytes)), 0) as bigint) from part where file = ?1", row => row.GetInt64(0), name).Single() == length;

    public void Drop(string name)
    {
        if (!TryDelete([name]))
            DeleteLater([name]);
    }

    public ValueTask DeleteAsync(IReadOnlyList<string> names)
    {
        if (names.Count > 0)
            DeleteLater(names);
        return ValueTask.CompletedTask;
    }

    public IReadOnlyList<string> Sweep(ISession session)
    {
        // In the session that has the lock: where it is lost, nothing is deleted.
        session.Execute("delete from part where not exists (select 1 from payload p where p.file = part.file)");
        return session.Query("select file from payload p where file is not null and length > 0 and not exists (select 1 from part where part.file = p.file)", row => row.GetString(0));
    }

    /// <summary>The server has no room to give away.</summary>
    public bool HasKeptRoom => false;

    public void KeepRoom()
    {
    }

    public void LimitGrowth(ISession session)
    {
    }

    public Task GiveRoomAsync() => Task.CompletedTask;

    /// <summary>Writes a part. It survives a power cut when a later commit does: the server's log has an order.</summary>
    public void Write(string name, long position, ReadOnlySpan<byte> bytes)
    {
        var copy = bytes.ToArray();
        _sessions.Run(session =>
        {
            session.Execute("set synchronous_commit = off");
            // Again, if the connection was lost meanwhile.
            session.Execute("insert into part (file, position, bytes) values (?1, ?2, ?3) on conflict (file, position) do update set bytes = excluded.bytes", name, position, copy);
            return true;
        });
    }

    /// <summary>Reads a part; null: there is none at this position.</summary>
    public byte[]? Read(string name, long position) => _sessions.Run(session =>
        session.Query("select bytes from part where file = ?1 and position = ?2", row => row.GetFieldValue<byte[]>(0), name, position).SingleOrDefault());

    public async ValueTask DisposeAsync()
    {
        _closing.TrySetResult();
        await _deleting;
        _sessions.Dispose();
    }

    private void DeleteLater(IReadOnlyList<string> names)
    {
        lock (_lock)
            _deleting = DeleteAfterAsync(_deleting, names);
    }

    /// <summary>One after another: a large payload is thousands of rows. While the server is away, no new ones come.</summary>
    /// <returns>Whether the server was there, and is asked for the next ones too.</returns>
    private async Task<bool> DeleteAfterAsync(Task<bool> before, IReadOnlyList<string> names)
    {
        if (!await before)
            return false;
        while (!await Lane.Run(() => TryDelete(names)))
        {
            await Task.WhenAny(_closing.Task, Task.Delay(RetryInterval));
            // The next start sweeps.
            if (_closing.Task.IsCompleted)
                return false;
        }

        return true;
    }

    private bool TryDelete(IReadOnlyList<string> names)
    {
        try
        {
            return _sessions.Run(session =>
            {
                // A crash of the server would bring them back.
                session.Execute("set synchronous_commit = on");
                foreach (var name in names)
                    Delete(session, name);
                return true;
            });
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void Delete(ISession session, string name)
    {
        while (session.Execute("delete from part where file = ?1 and position in (select position from part where file = ?1 order by position limit ?2)", name, DeletedTogether) == DeletedTogether)
        {
        }
    }
}
