using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// Makes flushed partial files final. What comes while the disk flushes goes together the next time:
/// <code>
///   names are chosen ── "ID is about to become NAME" is committed ── renames ── the directory is flushed ──► stored
/// </code>
/// A crash before the commit leaves a partial file that the ledger does not know; after it, one whose rename the next start
/// finishes. The ledger learns that a rename is done with the next commit; until then the absence of the partial file says so.
/// </summary>
/// <param name="ledger">Where it is noted.</param>
/// <param name="disk">Where it blocks.</param>
/// <param name="directory">Where the files go.</param>
/// <param name="partials">Where they are now; the same file system.</param>
/// <param name="onConflict">What happens when something has the name of a delivery.</param>
internal sealed class StoringQueue(ILedger ledger, BlockingThreads disk, string directory, string partials, NameConflict onConflict)
{
    // Deliveries of one commit: bounds how long the first of them waits for the last.
    private const int MostTogether = 1_000;

    // Numbers that are tried for a name that others have.
    private const int MostNumbers = 1_000_000;

    // Names whose last number is known, so that the many files of one name are not all looked at for each.
    private const int MostHints = 1_000;

    private readonly Dictionary<string, int> _lastNumbers = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Queue<Item> _waiting = new();
    private List<LedgerEntry> _renamed = [];
    private Task _running = Task.CompletedTask;

    /// <summary>Commits so far.</summary>
    public int Commits { get; private set; }

    /// <summary>Gives a flushed partial file its final name. Done when that survives a power cut.</summary>
    /// <param name="entry">The delivery, with its partial file.</param>
    /// <param name="name">The name that it should have; null: its id.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="NameTakenException">Something has the name, and name-conflict is refuse.</exception>
    /// <exception cref="IOException">It is not stored, or not for good; the ledger and the partial file say which.</exception>
    public Task<string> StoreAsync(LedgerEntry entry, string? name)
    {
        var item = new Item(entry, name ?? NameOf(entry.Key));
        lock (_lock)
        {
            _waiting.Enqueue(item);
            if (_running.IsCompleted)
                _running = Task.Run(RunAsync);
        }

        return item.Stored;
    }

    /// <summary>Notes the renames that the ledger does not know of yet, once what waits is stored.</summary>
    public async Task SettleAsync()
    {
        Task running;
        lock (_lock)
            running = _running;
        await running;
        if (TakeRenamed() is { Length: > 0 } renamed)
            await ledger.WriteAsync(renamed);
    }

    /// <summary>Finishes the rename of an entry that a crash or an error left as <see cref="LedgerState.Storing"/>.</summary>
    /// <returns>The path of the file.</returns>
    /// <exception cref="NameTakenException">Something has the name, and name-conflict is refuse.</exception>
    /// <exception cref="IOException">It is as it was.</exception>
    public async Task<string> FinishAsync(LedgerEntry entry)
    {
        if (await disk.Run(() => File.Exists(Path.Combine(partials, entry.PartialFile!))))
            return await StoreAsync(entry, entry.StoredAs);
        // Renamed, but perhaps the directory was not flushed any more.
        await disk.Run(() => Posix.FlushDirectory(directory));
        await ledger.WriteAsync(Renamed(entry));
        return Path.Combine(directory, entry.StoredAs!);
    }

    /// <summary>The file name of a delivery without a name.</summary>
    private static string NameOf(DeliveryKey key) => StoredNames.Objection(key.Id) is null ? key.Id : $"id-{key.Id.Replace(':', '_')}";

    private static LedgerEntry Renamed(LedgerEntry entry) => entry with { State = LedgerState.Received, PartialFile = null };

    private async Task RunAsync()
    {
        while (true)
        {
            var together = new List<Item>();
            lock (_lock)
            {
                while (together.Count < MostTogether && _waiting.TryDequeue(out var item))
                    together.Add(item);
                if (together.Count == 0)
                {
                    // What comes from now on starts another run.
                    _running = Task.CompletedTask;
                    return;
                }
            }

            try
            {
                await StoreAsync(together);
            }
            catch (Exception e)
            {
                together.ForEach(item => item.Fail(e));
            }
        }
    }

    private async Task StoreAsync(List<Item> items)
    {
        var named = await disk.Run(() => ChooseNames(items));
        if (named.Count == 0)
            return;

        var earlier = TakeRenamed();
        try
        {
            await ledger.WriteAsync([.. earlier, .. named.Select(item => item.Entry)]);
        }
        catch (IOException)
        {
            lock (_lock)
                _renamed.AddRange(earlier);
            throw;
        }

        Commits++;
        await disk.Run(() => Rename(named));
        lock (_lock)
            _renamed.AddRange(named.Where(item => item.IsRenamed).Select(item => Renamed(item.Entry)));
        foreach (var item in named)
        {
            if (item.IsRenamed)
                item.Succeed(Path.Combine(directory, item.Entry.StoredAs!));
            else if (item.Failure is { } failure)
                item.Fail(failure);
            else
                Again(item);
        }
    }

    private List<Item> ChooseNames(List<Item> items)
    {
        // The new files' own entries: a partial file that a power cut took away would look like one that was renamed.
        Posix.FlushDirectory(partials);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (FreeName(item.Name, taken) is { } name)
                item.Entry = item.Entry with { StoredAs = name };
            else
                item.Fail(new IOException($"{Path.Combine(directory, item.Name)} and {MostNumbers} numbers behind it are taken"));
        }

        return items.FindAll(item => item.Failure is null);
    }

    private string? FreeName(string name, HashSet<string> taken)
    {
        if (onConflict != NameConflict.KeepBoth)
            return name;
        if (_lastNumbers.Count >= MostHints)
            _lastNumbers.Clear();
        var known = _lastNumbers.GetValueOrDefault(name);
        for (var number = Posix.IsThere(Path.Combine(directory, name)) || taken.Contains(name) ? Math.Max(known + 1, 2) : 1; number <= MostNumbers; number++)
        {
            var candidate = StoredNames.Numbered(name, number);
            if (taken.Contains(candidate) || Posix.IsThere(Path.Combine(directory, candidate)))
                continue;
            taken.Add(candidate);
            if (number > 1)
                _lastNumbers[name] = number;
            return candidate;
        }

        return null;
    }

    private void Rename(List<Item> items)
    {
        foreach (var item in items)
        {
            var (from, to) = (Path.Combine(partials, item.Entry.PartialFile!), Path.Combine(directory, item.Entry.StoredAs!));
            try
            {
                if (onConflict == NameConflict.Replace)
                    File.Move(from, to, overwrite: true);
                item.IsRenamed = onConflict == NameConflict.Replace || Posix.TryRename(from, to);
                if (!item.IsRenamed && onConflict == NameConflict.Refuse)
                    item.Failure = new NameTakenException(to);
            }
            catch (Exception e) when (Posix.IsFileError(e))
            {
                item.Failure = WrittenFile.Failed(from, $"renamed to {to}", e);
            }
        }

        Posix.FlushDirectory(directory);
    }

    private void Again(Item item)
    {
        // Somebody took the name in between.
        lock (_lock)
            _waiting.Enqueue(item);
    }

    private LedgerEntry[] TakeRenamed()
    {
        lock (_lock)
        {
            var renamed = _renamed;
            _renamed = [];
            return [.. renamed];
        }
    }

    private sealed class Item(LedgerEntry entry, string name)
    {
        private readonly TaskCompletionSource<string> _stored = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LedgerEntry Entry { get; set; } = entry;

        public string Name { get; } = name;

        public bool IsRenamed { get; set; }

        public Exception? Failure { get; set; }

        public Task<string> Stored => _stored.Task;

        public void Succeed(string path) => _stored.TrySetResult(path);

        public void Fail(Exception cause)
        {
            Failure = cause;
            _stored.TrySetException(cause);
        }
    }
}
