using System.Collections.Concurrent;
using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>The outbox in the tables <c>payload</c>, <c>delivery</c>, <c>target</c> and <c>command</c>, and what is too large for a row.</summary>
internal sealed class StoredOutbox : IOutbox
{
    // Rows of one delete: other changes need not wait for more.
    private const int ForgottenTogether = 1_000;

    // A row that was there when its like was to be inserted, and then was not, may come again.
    private const int MostSubmits = 3;

    private readonly GroupWriter _writer;
    private readonly Readers _readers;
    private readonly ILargePayloads _large;
    private readonly AwaitedEnds _ends;
    private readonly ConcurrentDictionary<string, Action<LineChange>> _listeners = new(StringComparer.Ordinal);

    private StoredOutbox(GroupWriter writer, Readers readers, ILargePayloads large, OutboxLimits limits)
    {
        _writer = writer;
        _readers = readers;
        _large = large;
        _ends = new AwaitedEnds(readers);
        Room = new OutboxRoom(limits);
    }

    public OutboxRoom Room { get; }

    /// <inheritdoc cref="IStore.OpenOutbox"/>
    public static StoredOutbox Open(GroupWriter writer, Readers readers, ILargePayloads large, OutboxLimits limits)
    {
        var outbox = new StoredOutbox(writer, readers, large, limits);
        writer.Run(session => outbox.Start(session));
        large.KeepRoom();
        return outbox;
    }

    public IReadOnlyList<string> Damages { get; private set; } = [];

    public IPayloadWriter Begin() => new SpooledPayload(_large, Room);

    public async Task SubmitAsync(Submission submission)
    {
        var payload = (SpooledPayload)submission.Payload;
        if (!payload.IsComplete)
            throw new InvalidOperationException("the payload is not complete");
        string[] targets = [.. submission.Deliveries.Select(delivery => delivery.Target)];
        Room.Join(targets, payload.Length);
        try
        {
            await InsertAsync(payload, submission);
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

    public Task<IReadOnlyList<StoredDelivery>> NextAsync(string target, long after, int most, long mostBytes) =>
        _readers.RunAsync<IReadOnlyList<StoredDelivery>>(session => OutboxRows.Next(session, _large, target, after, most, mostBytes));

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
            _ends.Ended(record.Delivery.Target, record.Delivery.Id);
    }

    public Task<IReadOnlyList<string>> WhenEndedAsync(string id, IReadOnlyCollection<string> targets) => _ends.WhenEndedAsync(id, targets);

    public bool IsStopping => _ends.IsStopping;

    public void StopWaiting() => _ends.StopWaiting();

    public Task<DateTime?> OldestAsync() => _readers.RunAsync(session =>
        session.Query("select created from delivery where state in ('queued', 'held') order by number limit 1", row => row.GetTime(0)).SingleOrDefault());

    public void Listen(string target, Action<LineChange> changed) => _listeners[target] = changed;

    public async Task<int> ExecuteWaitingAsync()
    {
        await _writer.TouchAsync();
        var waiting = await _readers.RunAsync(session => session.Query("select number, verb, target, id from command where changed is null order by number", QueueRows.ReadCommand));
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
                    """, row => (Target: row.GetString(0), Length: row.GetInt64(1), State: row.GetString(2), Payload: row.GetInt64(3)), before, ForgottenTogether);
                foreach (var row in rows)
                {
                    done.Ended(row.Target, row.Length, OutboxRows.StateOf(row.State), null);
                    OutboxRows.RemovePayload(session, row.Payload, done);
                }

                // Those that wait for an answer read it within seconds.
                session.Execute("delete from command where changed is not null and at < ?1", DateTime.UtcNow.AddHours(-1));
                return (done, rows.Count);
            });
            await CommittedAsync(moves.done);
            forgotten = moves.Count;
            all += forgotten;
        }
        while (forgotten == ForgottenTogether);
        return all;
    }

    /// <summary>Counts what is there, deletes payloads that no row names, and sets aside deliveries whose payload is gone.</summary>
    private void Start(ISession session)
    {
        var named = session.Query("select file from payload where file is not null", row => row.GetString(0)).ToHashSet(StringComparer.Ordinal);
        Damages = [.. _large.Sweep(named).SelectMany(lost => SetAside(session, $"the payload's {_large.Describe(lost)} is gone", lost))];

        session.Each("select target, state, count(*), cast(sum(length) as bigint) from delivery group by target, state", row =>
        {
            Room.Found(row.GetString(0), OutboxRows.StateOf(row.GetString(1)), row.GetInt64(2), row.GetInt64(3));
            return true;
        });
        Room.Stored(session.Number("select cast(coalesce(sum(length), 0) as bigint) from payload"), reserved: 0);
    }

    private static List<string> SetAside(ISession session, string reason, string lost) => session.Query("""
        update delivery set state = 'failed', kind = 'Payload', reason = ?2, finished = ?3
        where state in ('queued', 'held') and payload in (select number from payload where file = ?1) returning target, id
        """, row => $"delivery {row.GetString(1)} for {row.GetString(0)} is set aside as failed: {reason}", lost, reason, DateTime.UtcNow);

    private async Task InsertAsync(SpooledPayload payload, Submission submission)
    {
        for (var submits = 1; ; submits++)
        {
            try
            {
                await _writer.RunAsync(session =>
                {
                    OutboxRows.Insert(session, payload, submission.Deliveries, DateTime.UtcNow);
                    if (submission.Received is { } received)
                        StoredLedger.Write(session, received);
                    return true;
                });
                return;
            }
            catch (RowExistsException e)
            {
                var there = await _readers.RunAsync(session => OutboxRows.Find(session, submission.Deliveries, payload.Length, payload.Digest));
                if (there.Count > 0)
                    throw new DuplicateDeliveryException($"a delivery of the id {submission.Deliveries[0].Id} is in the outbox for {there[0].Target}", there.All(found => found.IsSamePayload));
                if (submits == MostSubmits)
                    throw new LedgerException($"the outbox does not take a delivery: {e.Message}", cause: e);
            }
        }
    }

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
            await _ends.LookAsync();
        return changed;
    }

    /// <summary>A change that frees room, and on a full disk needs some first.</summary>
    private async Task<T> DeleteAsync<T>(Func<ISession, T> change)
    {
        try
        {
            return await _writer.RunAsync(change);
        }
        catch (LedgerException e) when (e.IsFull && _large.HasKeptRoom)
        {
            await _large.GiveRoomAsync();
            return await _writer.RunAsync(change);
        }
    }

    private async Task CommittedAsync(OutboxMoves moves)
    {
        await _large.DeleteAsync(moves.Files);
        moves.Apply(Room);
    }

    private void Tell(string target, LineChange change)
    {
        if (_listeners.TryGetValue(target, out var listener))
            listener(change);
    }
}
