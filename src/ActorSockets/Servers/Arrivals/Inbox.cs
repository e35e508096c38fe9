using ActorSockets.Outbox;
using ActorSockets.Platform;
using ActorSockets.Servers.Sinks;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// A directory in which deliveries are stored exactly once. Its <c>.actorsockets</c> has the ledger and the partial deliveries, and
/// belongs to one process at a time.
/// </summary>
internal sealed class Inbox : IArrivals, IAsyncDisposable
{
    private readonly IStore _store;
    private readonly ArrivalClaims _claims = new();

    private Inbox(InboxSettings settings, IStore store, BlockingThreads disk)
    {
        Settings = settings;
        Disk = disk;
        PartialsDirectory = PartialsOf(settings);
        _store = store;
        Storing = new StoringQueue(store.Ledger, disk, settings.Directory, PartialsDirectory, settings.NameConflict);
    }

    public InboxSettings Settings { get; }

    public ILedger Ledger => _store.Ledger;

    /// <summary>Every file system call of the inbox runs here.</summary>
    public BlockingThreads Disk { get; }

    /// <summary>Makes partial files final.</summary>
    public StoringQueue Storing { get; }

    /// <summary>Where the partial files are.</summary>
    public string PartialsDirectory { get; }

    /// <summary>Opens the inbox of a directory; what a crash left half done is finished or forgotten first.</summary>
    /// <param name="settings">Its directory, and how it stores.</param>
    /// <param name="openStore">Opens the store in a directory; blocks.</param>
    /// <exception cref="IOException">Another process has it, its ledger is damaged, or the disk failed.</exception>
    public static async Task<Inbox> OpenAsync(InboxSettings settings, Func<string, IStore> openStore)
    {
        var disk = new BlockingThreads($"{Path.GetFileName(settings.Directory)} disk", settings.DiskThreads);
        Posix.SurviveFileSizeLimit();
        var store = await disk.Run(() => openStore(Path.Combine(settings.Directory, StoredNames.PrivateDirectory)));
        var inbox = new Inbox(settings, store, disk);
        try
        {
            await inbox.RecoverAsync();
            return inbox;
        }
        catch (Exception)
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async Task<Opening> OpenAsync(ArrivalRequest request, object owner, Action evict)
    {
        if (request.Name is { } name && StoredNames.Objection(name) is { } objection)
            return new Opening.Refused("bad-name", objection);

        var claim = await _claims.TakeAsync(request.Key, owner, evict);
        Opening? opening = null;
        try
        {
            opening = await OpenAsync(request, claim);
            return opening;
        }
        finally
        {
            if (opening is not Opening.Begun)
                claim.Release();
        }
    }

    public async Task CancelAsync(DeliveryKey key, object owner)
    {
        // Whoever brings it meanwhile waits: nothing is to evict.
        var claim = await _claims.TakeAsync(key, owner, evict: () => { });
        try
        {
            if (await Ledger.FindAsync(key) is { State: LedgerState.Partial } partial)
                await RemoveAsync(partial);
        }
        finally
        {
            claim.Release();
        }
    }

    public async Task<IReadOnlyList<string>> CleanAsync(DateTime now)
    {
        await Storing.SettleAsync();
        await Ledger.ForgetAsync(now - Settings.Remembers);
        var partials = (await Ledger.UnfinishedAsync()).Where(entry => entry.State == LedgerState.Partial && !_claims.Has(entry.Key)).ToArray();
        var total = partials.Sum(entry => entry.Offset);
        var removed = new List<string>();
        foreach (var partial in partials)
        {
            var isTooOld = now - partial.At >= Settings.KeepPartial;
            if (!isTooOld && (Settings.MaxPartialBytes == 0 || total <= Settings.MaxPartialBytes))
                break;
            if (await RemoveUnlessClaimedAsync(partial))
                removed.Add(Path.Combine(PartialsDirectory, partial.PartialFile!));
            total -= partial.Offset;
        }

        return removed;
    }

    /// <summary>Writes what is to be written, and lets another process have the directory. No arrival may be open.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Storing.SettleAsync();
        }
        catch (IOException)
        {
            // The next start finds out by itself.
        }

        await _store.DisposeAsync();
    }

    private static string PartialsOf(InboxSettings settings) => Path.Combine(settings.Directory, StoredNames.PrivateDirectory, "partial");

    private async Task<Opening> OpenAsync(ArrivalRequest request, ArrivalClaims.Claim claim)
    {
        var entry = await Ledger.FindAsync(request.Key);
        if (entry is { State: LedgerState.Storing })
            entry = await FinishAsync(entry);
        if (entry is { State: LedgerState.Received })
            return Known(request, entry);
        if (await TakenAsync(request) is { } refused)
        {
            if (entry is not null)
                await RemoveAsync(entry);
            return refused;
        }

        if (entry is not null && request.Asks && IsSamePayload(request, entry) && await GoOnAsync(request, claim, entry) is { } goesOn)
            return goesOn;
        if (entry is not null)
            await RemoveAsync(entry);
        return new Opening.Begun(new FileArrival(this, claim, request, partial: null));
    }

    private async Task<Opening?> GoOnAsync(ArrivalRequest request, ArrivalClaims.Claim claim, LedgerEntry partial)
    {
        var arrival = new FileArrival(this, claim, request, partial);
        try
        {
            await Disk.Run(arrival.Open);
            return new Opening.Begun(arrival);
        }
        catch (IOException)
        {
            // Somebody took the partial file away: the delivery begins again.
            return null;
        }
    }

    private Opening Known(ArrivalRequest request, LedgerEntry entry)
    {
        if (request.Length is { } length && length != entry.Length)
            return new Opening.Refused("id-in-use", $"a delivery of {entry.Length} bytes has this id");
        if (request.Digest is { } digest && digest != entry.Digest && digest.Split(':')[0] == entry.Digest!.Split(':')[0])
            return new Opening.Refused("id-in-use", $"a delivery with {entry.Digest} has this id");
        return new Opening.Known(entry.Length!.Value, entry.Digest!, entry.StoredAs is { } name ? Path.Combine(Settings.Directory, name) : null);
    }

    private async Task<Opening.Refused?> TakenAsync(ArrivalRequest request)
    {
        if (Settings.NameConflict == NameConflict.KeepBoth || request.Name is not { } name)
            return null;
        var path = Path.Combine(Settings.Directory, name);
        if (Settings.NameConflict == NameConflict.Replace)
            return await Disk.Run(() => Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null) ? new Opening.Refused("bad-name", "a directory has this name") : null;
        return await Disk.Run(() => Posix.IsThere(path)) ? new Opening.Refused("bad-name", "a file has this name already") : null;
    }

    /// <summary>What is told and differs is another payload.</summary>
    private static bool IsSamePayload(ArrivalRequest request, LedgerEntry partial) =>
        (request.Length is null || partial.Length is null || request.Length == partial.Length)
        && (request.Length is null || partial.Offset <= request.Length)
        && (request.Digest is null || partial.Digest is null || request.Digest == partial.Digest);

    private async Task<LedgerEntry?> FinishAsync(LedgerEntry storing)
    {
        try
        {
            var path = await Storing.FinishAsync(storing);
            return storing with { State = LedgerState.Received, PartialFile = null, StoredAs = Path.GetFileName(path) };
        }
        catch (NameTakenException)
        {
            await RemoveAsync(storing);
            return null;
        }
    }

    private async Task<bool> RemoveUnlessClaimedAsync(LedgerEntry partial)
    {
        // One that a connection brings in this moment is young again; and that connection must not be evicted.
        if (_claims.TryTake(partial.Key) is not { } claim)
            return false;
        try
        {
            if (await Ledger.FindAsync(partial.Key) != partial)
                return false;
            await RemoveAsync(partial);
            return true;
        }
        finally
        {
            claim.Release();
        }
    }

    /// <summary>The row first: a row without its file would be taken for a file that was renamed.</summary>
    private async Task RemoveAsync(LedgerEntry entry)
    {
        await Ledger.RemoveAsync(entry.Key);
        if (entry.PartialFile is { } file)
            await Disk.Run(() => File.Delete(Path.Combine(PartialsDirectory, file)));
    }

    private async Task RecoverAsync()
    {
        var unfinished = await Ledger.UnfinishedAsync();
        await Disk.Run(() => CreatePartialsDirectory());
        foreach (var storing in unfinished.Where(entry => entry.State == LedgerState.Storing))
            await FinishAsync(storing);
        foreach (var partial in unfinished.Where(entry => entry.State == LedgerState.Partial))
        {
            if (!await Disk.Run(() => CutBack(partial)))
                await RemoveAsync(partial);
        }

        var known = (await Ledger.UnfinishedAsync()).Select(entry => entry.PartialFile).ToHashSet();
        await Disk.Run(() =>
        {
            foreach (var file in Directory.GetFiles(PartialsDirectory).Where(path => !known.Contains(Path.GetFileName(path))))
                File.Delete(file);
        });
    }

    private void CreatePartialsDirectory()
    {
        try
        {
            Directory.CreateDirectory(PartialsDirectory);
            Posix.FlushDirectory(Path.GetDirectoryName(PartialsDirectory)!);
            Posix.FlushDirectory(Settings.Directory);
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw WrittenFile.Failed(PartialsDirectory, "created", e);
        }
    }

    /// <summary>Cuts a partial file back to what was flushed. False when there is less of it.</summary>
    private bool CutBack(LedgerEntry partial)
    {
        var path = Path.Combine(PartialsDirectory, partial.PartialFile!);
        if (!File.Exists(path) || new FileInfo(path).Length < partial.Offset)
            return false;
        WrittenFile.GoOn(path, partial.Offset).Dispose();
        return true;
    }
}
