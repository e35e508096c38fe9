using System.Collections.Concurrent;
using System.Diagnostics;
using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Storage.Postgres;

namespace ActorSockets.Storage;

/// <summary>The outbox in the tables <c>payload</c>, <c>delivery</c>, <c>target</c> and <c>command</c>, and what is too large for a row.</summary>
internal sealed class StoredOutbox : IOutbox
{
    // Rows of one delete: other changes need not wait for more.
    private const int ForgottenTogether = 1_000;

    // A row that was there when its like was to be inserted, and then was not, may come again.
    private const int MostSubmits = 3;

    // A node that takes the targets of another one begins with hundreds at a time. Each thread has a connection while it is busy.
    private const int EpochThreads = 2;

    // Of LookAsync.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly GroupWriter _writer;
    private readonly Readers _readers;
    private readonly ILargePayloads _large;
    private readonly AwaitedEnds _ends;
    private readonly SharedSchema? _shared;
    private readonly BlockingThreads _epochs = new("store epochs", EpochThreads);
    private readonly Stopwatch _recounting = Stopwatch.StartNew();
    private TimeSpan _recountAfter;
    private readonly ConcurrentDictionary<string, Action<LineChange>> _listeners = new(StringComparer.Ordinal);
    private volatile Action<string>? _unheard;

    private StoredOutbox(GroupWriter writer, Readers readers, ILargePayloads large, OutboxLimits limits, SharedSchema? shared)
    {
        _writer = writer;
        _readers = readers;
        _large = large;
        _shared = shared;
        _ends = new AwaitedEnds(readers);
        Room = new OutboxRoom(limits);
    }

    public OutboxRoom Room { get; }

    /// <inheritdoc cref="IStore.OpenOutbox"/>
    /// <param name="writer">Where every change goes.</param>
    /// <param name="readers">Read beside it.</param>
    /// <param name="large">Where payloads are that are too large for a row.</param>
    /// <param name="limits">How much it may hold.</param>
    /// <param name="shared">What several processes with one store need; null: this one has it alone.</param>
    public static StoredOutbox Open(GroupWriter writer, Readers readers, ILargePayloads large, OutboxLimits limits, SharedSchema? shared = null)
    {
        var outbox = new StoredOutbox(writer, readers, large, limits, shared);
        writer.Run(session => outbox.Start(session));
        shared?.Share();
        large.KeepRoom();
        writer.Run(large.LimitGrowth);
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
            if (e is LedgerException { IsUnknown: true })
                payload.Keep();
            if (e is LedgerException { IsFull: true } full)
                throw Room.DiskIsFull(full);
            throw;
        }

        payload.Submitted();
        Room.Stored(payload.Length);
        foreach (var target in targets)
        {
            if (!Tell(target, LineChange.Longer))
                _unheard?.Invoke(target);
        }
    }

    public Task<long> BeginSendingAsync(string target) => _shared is null ? Task.FromResult(0L) : _epochs.Run(() => _shared.BeginSending(target));

    public Task<IReadOnlyList<StoredDelivery>> NextAsync(string target, long after, int most, long mostBytes, long epoch = 0) =>
        _readers.RunAsync<IReadOnlyList<StoredDelivery>>(session => _shared is null || SharedSchema.HasEpoch(session, target, epoch)
            ? OutboxRows.Next(session, _large, target, after, most, mostBytes, epoch)
            : throw new FencedException(target));

    public async Task RecordAsync(params IReadOnlyCollection<OutboxRecord> records)
    {
        var (fenced, moves) = await DeleteAsync(session =>
        {
            var done = new OutboxMoves();
            // Thrown here, it would take the changes of others back.
            if (WhoseIsFenced(session, records) is { } target)
                return ((string?)target, done);
            foreach (var record in records)
                OutboxRows.Record(session, record, done);
            return (null, done);
        });
        if (fenced is not null)
            throw new FencedException(fenced);
        await CommittedAsync(moves);
        foreach (var record in records.Where(record => record is not OutboxRecord.Tried))
            _ends.Ended(record.Delivery.Target, record.Delivery.Id);
    }

    public Task<IReadOnlyList<string>> WhenEndedAsync(string id, IReadOnlyCollection<string> targets, CancellationToken cancellation = default) =>
        _ends.WhenEndedAsync(id, targets, cancellation);

    public bool IsStopping => _ends.IsStopping;

    public void StopWaiting() => _ends.StopWaiting();

    public Task<DateTime?> OldestAsync() => _readers.RunAsync(session =>
        session.Query("select created from delivery where state in ('queued', 'held') order by number limit 1", row => row.GetTime(0)).SingleOrDefault());

    public IDisposable Listen(string target, Action<LineChange> changed)
    {
        _listeners[target] = changed;
        return new Listening(() => _listeners.TryRemove(KeyValuePair.Create(target, changed)));
    }

    public bool IsHeard(string target) => _listeners.ContainsKey(target);

    public void WhenUnheard(Action<string> longer) => _unheard = longer;

    public async Task<int> ExecuteWaitingAsync()
    {
        await _writer.TouchAsync();
        var waiting = await _readers.RunAsync(session => session.Query("select number, verb, target, id from command where changed is null order by number", QueueRows.ReadCommand));
        foreach (var (number, command) in waiting)
            await ExecuteAsync(command, number);
        return waiting.Count;
    }

    public async Task<IReadOnlyList<string>> LookAsync()
    {
        if (_shared is null)
            return [];
        var (waiting, changes) = await _readers.RunAsync(_shared.Look);
        foreach (var (target, change) in changes)
            Tell(target, change);
        await RecountAsync();
        await _ends.LookAsync();
        return waiting;
    }

    public async Task<IReadOnlyList<ClusterPeer>> MeetAsync(ClusterPeer node, NodePresence state) =>
        _shared!.Met(await _writer.RunAsync(session => _shared.Meet(session, node, state)));

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
        Damages = [.. Sweep(session).SelectMany(lost => SetAside(session, $"the payload's {_large.Describe(lost)} is gone", lost))];
        var (lines, bytes) = Count(session);
        Room.Recount(lines, bytes);
    }

    /// <summary>What is there without a row may be one that another process is about to name.</summary>
    private IReadOnlyList<string> Sweep(ISession session) => _shared is { IsAlone: false } ? [] : _large.Sweep(session);

    private static (Dictionary<string, LineFigures> Lines, long Bytes) Count(ISession session)
    {
        var lines = new Dictionary<string, LineFigures>(StringComparer.Ordinal);
        session.Each("select target, state, count(*), cast(sum(length) as bigint) from delivery group by target, state", row =>
        {
            lines[row.GetString(0)] = lines.GetValueOrDefault(row.GetString(0)).Add(OutboxRows.StateOf(row.GetString(1)), row.GetInt64(2), row.GetInt64(3));
            return true;
        });
        return (lines, session.Number("select cast(coalesce(sum(length), 0) as bigint) from payload"));
    }

    /// <summary>Counts what is there by now. Of millions of rows that takes its time: a reader is busy with it for a tenth of the time at most.</summary>
    private async Task RecountAsync()
    {
        if (_recounting.Elapsed < _recountAfter)
            return;
        _recounting.Restart();
        var (lines, bytes) = await _readers.RunAsync(Count);
        Room.Recount(lines, bytes);
        _recountAfter = _recounting.Elapsed > LookInterval / 10 ? 10 * _recounting.Elapsed : TimeSpan.Zero;
        _recounting.Restart();
    }

    /// <summary>A target whose epoch is no longer that of a record.</summary>
    private string? WhoseIsFenced(ISession session, IReadOnlyCollection<OutboxRecord> records) => _shared is null ? null
        : records.Select(record => (record.Delivery.Target, record.Delivery.Epoch)).Distinct().FirstOrDefault(sent => !SharedSchema.HasEpoch(session, sent.Target, sent.Epoch)).Target;

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
                var isWhole = await _writer.RunAsync(session =>
                {
                    // Thrown here, it would take the changes of others back.
                    if (payload is { Bytes: null, FileName: { } file } && !_large.IsWhole(session, file, payload.Length))
                        return false;
                    OutboxRows.Insert(session, payload, submission.Deliveries, DateTime.UtcNow);
                    if (submission.Received is { } received)
                        StoredLedger.Write(session, received, isNew: true);
                    return true;
                }, payload.Bytes?.Length ?? 0);
                if (!isWhole)
                    throw new LedgerException($"the database has lost a part of the payload ({_large.Describe(payload.FileName!)} {payload.Length} B): hand it over again");
                return;
            }
            catch (RowExistsException e)
            {
                if (submission.Received is { } received && await _readers.RunAsync(session => StoredLedger.Find(session, received.Key)) is { } known)
                    throw new AlreadyReceivedException(known);
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
        var progress = CommandProgress.None;
        try
        {
            while (!progress.IsDone)
            {
                var before = progress;
                (progress, var moves) = await DeleteAsync(session => ExecutePiece(session, command, number, before));
                await CommittedAsync(moves);
            }
        }
        finally
        {
            foreach (var target in progress.Targets)
                Tell(target, LineChange.Rearranged);
        }

        return progress.Changed;
    }

    private (CommandProgress Progress, OutboxMoves Moves) ExecutePiece(ISession session, QueueCommand command, long? number, CommandProgress before)
    {
        var done = new OutboxMoves();
        // The row's lock keeps another node from executing a piece of it too.
        if (number is not null && session.Execute("update command set changed = null where number = ?1 and changed is null", number) == 0)
            return (before with { IsDone = true }, done);
        var (progress, targets) = OutboxCommands.Execute(session, command, before, DateTime.UtcNow, done);
        if (number is not null && progress.IsDone)
            session.Execute("update command set changed = ?2 where number = ?1", number, progress.Changed);
        if (_shared is not null)
        {
            foreach (var target in targets)
                SharedSchema.Rearranged(session, target);
        }

        return (progress, done);
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
            return await _writer.RunAsync(session =>
            {
                _large.LimitGrowth(session);
                return change(session);
            });
        }
    }

    private async Task CommittedAsync(OutboxMoves moves)
    {
        foreach (var (target, id) in moves.Cancelled)
            _ends.Ended(target, id, wasCancelled: true);
        var hadRoom = _large.HasKeptRoom;
        await _large.DeleteAsync(moves.Files);
        if (!hadRoom && _large.HasKeptRoom)
        {
            await _writer.RunAsync(session =>
            {
                _large.LimitGrowth(session);
                return true;
            });
        }

        moves.Apply(Room);
    }

    /// <returns>Whether anybody listens.</returns>
    private bool Tell(string target, LineChange change)
    {
        if (!_listeners.TryGetValue(target, out var listener))
            return false;
        listener(change);
        return true;
    }

    private sealed class Listening(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
