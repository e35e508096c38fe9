using System.Collections.Concurrent;
using ActorSockets.Outbox;
using Microsoft.Data.Sqlite;

namespace ActorSockets.Storage;

/// <summary>The outbox in the tables <c>payload</c>, <c>delivery</c>, <c>target</c> and <c>command</c>, and in files beside them.</summary>
internal sealed class SqliteOutbox : IOutbox
{
    // Rows of one delete: other changes need not wait for more.
    private const int ForgottenTogether = 1_000;

    private readonly SqliteWriter _writer;
    private readonly SqliteReaders _readers;
    private readonly PayloadFiles _files;
    private readonly ConcurrentDictionary<string, Action<LineChange>> _listeners = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Target, string Id), TaskCompletionSource> _awaited = new();
    private long _lastNumber;
    private volatile bool _isStopping;

    private SqliteOutbox(SqliteWriter writer, SqliteReaders readers, PayloadFiles files, OutboxLimits limits)
    {
        _writer = writer;
        _readers = readers;
        _files = files;
        Room = new OutboxRoom(limits);
    }

    public OutboxRoom Room { get; }

    /// <inheritdoc cref="IStore.OpenOutbox"/>
    public static SqliteOutbox Open(string directory, SqliteWriter writer, SqliteReaders readers, OutboxLimits limits)
    {
        var files = new PayloadFiles(directory);
        var outbox = new SqliteOutbox(writer, readers, files, limits);
        writer.Run(session => outbox.Start(session));
        files.Reserve.Restore();
        return outbox;
    }

    public IReadOnlyList<string> Damages { get; private set; } = [];

    public IPayloadWriter Begin() => new SpooledPayload(_files, Room);

    public async Task SubmitAsync(Submission submission)
    {
        var payload = (SpooledPayload)submission.Payload;
        if (!payload.IsComplete)
            throw new InvalidOperationException("the payload is not complete");
        string[] targets = [.. submission.Deliveries.Select(delivery => delivery.Target)];
        Room.Join(targets, payload.Length);
        try
        {
            await _writer.RunAsync(session =>
            {
                var (number, now) = (Number(), StoredTime.Format(DateTime.UtcNow));
                OutboxRows.InsertPayload(session, number, payload);
                foreach (var delivery in submission.Deliveries)
                    OutboxRows.InsertDelivery(session, Number(), number, payload, delivery, now);
                if (submission.Received is { } received)
                    SqliteLedger.Write(session, received);
                return true;
            });
        }
        catch (Exception e)
        {
            Room.Leave(targets, payload.Length);
            if (e is LedgerException { IsFull: true } full)
                throw Room.DiskIsFull(full);
            throw;
        }

        payload.Submitted();
        Room.Stored(payload.Length, payload.Length);
        foreach (var target in targets)
            Tell(target, LineChange.Longer);
    }

    public Task<IReadOnlyList<StoredDelivery>> NextAsync(string target, long after, int most, long mostBytes) => _readers.RunAsync<IReadOnlyList<StoredDelivery>>(session =>
    {
        var (next, bytes) = (new List<StoredDelivery>(), 0L);
        session.Each("""
            select d.number, d.id, d.name, d.since, d.attempts, p.length, p.digest, p.file, p.bytes
            from delivery d join payload p on p.number = d.payload
            where d.target = ?1 and d.state = 'queued' and d.number > ?2 and not exists (select 1 from target t where t.name = ?1 and t.held = 1)
            order by d.number limit ?3
            """, row =>
            {
                if (next.Count > 0 && bytes >= mostBytes)
                    return false;
                next.Add(Read(target, row));
                bytes += next[^1].Payload.Bytes?.Length ?? 0;
                return true;
            }, target, after, most);
        return next;
    });

    public async Task RecordAsync(params IReadOnlyCollection<OutboxRecord> records)
    {
        var moves = await DeleteAsync(session =>
        {
            var done = new OutboxMoves();
            foreach (var record in records)
                OutboxRows.Record(session, record, done);
            return done;
        });
        await CommittedAsync(moves);
        foreach (var record in records.Where(record => record is not OutboxRecord.Tried))
            Ended(record.Delivery.Target, record.Delivery.Id);
    }

    public async Task<IReadOnlyList<string>> WhenEndedAsync(string id, IReadOnlyCollection<string> targets)
    {
        var ends = targets.Select(target => _awaited.GetOrAdd((target, id), _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task).ToArray();
        // What has ended before it was awaited.
        foreach (var target in targets)
        {
            if (_isStopping || (await StateAsync(target, id)) is not (DeliveryState.Queued or DeliveryState.Held))
                Ended(target, id);
        }

        await Task.WhenAll(ends);
        var failed = new List<string>();
        foreach (var target in targets)
        {
            switch (await StateAsync(target, id))
            {
                case null:
                    break;
                case DeliveryState.Queued or DeliveryState.Held:
                    throw new IOException($"the delivery {id} still waits for {target}");
                default:
                    failed.Add(target);
                    break;
            }
        }

        return failed;
    }

    public bool IsStopping => _isStopping;

    public void StopWaiting()
    {
        _isStopping = true;
        foreach (var (target, id) in _awaited.Keys)
            Ended(target, id);
    }

    public Task<DateTime?> OldestAsync() => _readers.RunAsync(session =>
        session.Query("select created from delivery where state in ('queued', 'held') order by number limit 1", row => (DateTime?)StoredTime.Parse(row.GetString(0))).SingleOrDefault());

    public void Listen(string target, Action<LineChange> changed) => _listeners[target] = changed;

    public async Task<int> ExecuteWaitingAsync()
    {
        var waiting = await _readers.RunAsync(session => session.Query("select number, verb, target, id from command where changed is null order by number", SqliteQueue.ReadCommand));
        foreach (var (number, command) in waiting)
            await ExecuteAsync(command, number);
        return waiting.Count;
    }

    public Task<int> ExecuteAsync(QueueCommand command) => ExecuteAsync(command, number: null);

    public async Task<int> ForgetFailedAsync(DateTime before)
    {
        int forgotten, all = 0;
        do
        {
            var moves = await DeleteAsync(session =>
            {
                var done = new OutboxMoves();
                var rows = session.Query("""
                    delete from delivery where number in
                      (select number from delivery where finished is not null and finished < ?1 limit ?2)
                    returning target, length, state, payload
                    """, row => (Target: row.GetString(0), Length: row.GetInt64(1), State: row.GetString(2), Payload: row.GetInt64(3)), StoredTime.Format(before), ForgottenTogether);
                foreach (var row in rows)
                {
                    done.Ended(row.Target, row.Length, OutboxRows.StateOf(row.State), null);
                    OutboxRows.RemovePayload(session, row.Payload, done);
                }

                // Those that wait for an answer read it within seconds.
                session.Execute("delete from command where changed is not null and at < ?1", StoredTime.Format(DateTime.UtcNow.AddHours(-1)));
                return (done, rows.Count);
            });
            await CommittedAsync(moves.done);
            forgotten = moves.Count;
            all += forgotten;
        }
        while (forgotten == ForgottenTogether);
        return all;
    }

    /// <summary>Counts what is there, deletes files that no row names, and sets aside deliveries whose file is gone.</summary>
    private void Start(SqliteSession session)
    {
        _lastNumber = session.Number("select max(coalesce((select max(number) from delivery), 0), coalesce((select max(number) from payload), 0))");
        var named = session.Query("select file from payload where file is not null", row => row.GetString(0)).ToHashSet(StringComparer.Ordinal);
        Damages = [.. _files.Sweep(named).SelectMany(lost => SetAside(session, $"the payload's file {_files.PathOf(lost)} is gone", lost))];

        session.Each("select target, state, count(*), sum(length) from delivery group by target, state", row =>
        {
            Room.Found(row.GetString(0), OutboxRows.StateOf(row.GetString(1)), row.GetInt64(2), row.GetInt64(3));
            return true;
        });
        Room.Stored(session.Number("select coalesce(sum(length), 0) from payload"), reserved: 0);
    }

    private static List<string> SetAside(SqliteSession session, string reason, string lost) => session.Query("""
        update delivery set state = 'failed', kind = 'Payload', reason = ?2, finished = ?3
        where state in ('queued', 'held') and payload in (select number from payload where file = ?1) returning target, id
        """, row => $"delivery {row.GetString(1)} for {row.GetString(0)} is set aside as failed: {reason}", lost, reason, StoredTime.Format(DateTime.UtcNow));

    private async Task<int> ExecuteAsync(QueueCommand command, long? number)
    {
        var (targets, changed, moves) = await DeleteAsync(session =>
        {
            var done = new OutboxMoves();
            var executed = OutboxCommands.Execute(session, command, DateTime.UtcNow, done);
            if (number is not null)
                session.Execute("update command set changed = ?2 where number = ?1", number, executed.Changed);
            return (executed.Targets, executed.Changed, done);
        });
        await CommittedAsync(moves);
        foreach (var target in targets)
            Tell(target, LineChange.Rearranged);
        if (command.Verb == QueueVerb.Cancel)
            await ReleaseAwaitedAsync();
        return changed;
    }

    private StoredDelivery Read(string target, SqliteDataReader row) => new()
    {
        Number = row.GetInt64(0),
        Target = target,
        Id = row.GetString(1),
        Name = row.IsDBNull(2) ? null : row.GetString(2),
        Since = StoredTime.Parse(row.GetString(3)),
        Attempts = row.GetInt32(4),
        Payload = new OutboxPayload(
            row.IsDBNull(8) ? null : row.GetFieldValue<byte[]>(8),
            row.IsDBNull(7) ? null : _files.PathOf(row.GetString(7)),
            row.GetInt64(5),
            row.GetString(6)),
    };

    private long Number() => ++_lastNumber;

    private Task<DeliveryState?> StateAsync(string target, string id) => _readers.RunAsync(session =>
        session.Query("select state from delivery where target = ?1 and id = ?2", row => (DeliveryState?)OutboxRows.StateOf(row.GetString(0)), target, id).SingleOrDefault());

    private async Task ReleaseAwaitedAsync()
    {
        foreach (var (target, id) in _awaited.Keys)
        {
            if (await StateAsync(target, id) is null)
                Ended(target, id);
        }
    }

    /// <summary>A change that frees room, and on a full disk needs some first.</summary>
    private async Task<T> DeleteAsync<T>(Func<SqliteSession, T> change)
    {
        try
        {
            return await _writer.RunAsync(change);
        }
        catch (LedgerException e) when (e.IsFull && !_files.Reserve.IsGone)
        {
            await _files.Disk.Run(_files.Reserve.Give);
            return await _writer.RunAsync(change);
        }
    }

    private async Task CommittedAsync(OutboxMoves moves)
    {
        if (_files.Reserve.IsGone)
        {
            // Before anybody hears of the room.
            await _files.Disk.Run(() =>
            {
                _files.Delete(moves.Files);
                _files.Reserve.Restore();
            });
        }
        else if (moves.Files.Count > 0)
        {
            _ = _files.Disk.Run(() => _files.Delete(moves.Files));
        }

        moves.Apply(Room);
    }

    private void Ended(string target, string id)
    {
        if (_awaited.TryRemove((target, id), out var end))
            end.TrySetResult();
    }

    private void Tell(string target, LineChange change)
    {
        if (_listeners.TryGetValue(target, out var listener))
            listener(change);
    }
}
