namespace ActorSockets.Outbox;

/// <summary>The outbox of a system, for whoever hands payloads over. An actor opens it; what needs it waits for that.</summary>
/// <param name="settings">Where it is, and how much it may hold; null: the system has none.</param>
internal sealed class OutboxAccess(OutboxSettings? settings)
{
    private readonly TaskCompletionSource<OpenOutbox> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long _remembersTicks;

    /// <summary>Where it is, and how much it may hold; null: the system has none.</summary>
    public OutboxSettings? Settings => settings;

    /// <summary>
    /// How long the store remembers what came: the longest time of all relays since the start. One that was removed counts too, since a
    /// reload removes a relay and adds it again with other settings.
    /// </summary>
    public TimeSpan Remembers => TimeSpan.FromTicks(Volatile.Read(ref _remembersTicks));

    /// <summary>A relay has to know again what came within this time. One caller at a time.</summary>
    public void Remember(TimeSpan time) => Volatile.Write(ref _remembersTicks, Math.Max(time.Ticks, _remembersTicks));

    /// <summary>The outbox, once it is open.</summary>
    /// <exception cref="IOException">It cannot be opened, or there is none.</exception>
    public Task<OpenOutbox> Opened => settings is not null
        ? _opened.Task
        : Task.FromException<OpenOutbox>(new IOException("there is no outbox: set outbox.directory, or outbox.store and outbox.connection"));

    /// <summary>Opens it, the first time; blocks.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public OpenOutbox Open(Func<StorePlace, IStore> openStore)
    {
        if (_opened.Task.IsCompletedSuccessfully)
            return _opened.Task.Result;
        IStore? store = null;
        try
        {
            store = openStore(settings!.Place);
            var opened = new OpenOutbox(store, store.OpenOutbox(settings.Limits));
            _opened.SetResult(opened);
            return opened;
        }
        catch (IOException e)
        {
            _ = store?.DisposeAsync().AsTask();
            _opened.TrySetException(e);
            _ = _opened.Task.Exception;
            throw;
        }
    }

    /// <summary>Ends the waits for room and for the ends of deliveries: the system stops.</summary>
    public void StopWaiting()
    {
        if (_opened.Task.IsCompletedSuccessfully)
            _opened.Task.Result.Outbox.StopWaiting();
    }

    /// <summary>Commits what waits, and lets other processes in.</summary>
    public async Task CloseAsync()
    {
        if (_opened.Task.IsCompletedSuccessfully)
            await _opened.Task.Result.Store.DisposeAsync();
        _closed.TrySetResult();
    }

    /// <summary>Done when <see cref="CloseAsync"/> is.</summary>
    public Task Closed => settings is null ? Task.CompletedTask : _closed.Task;
}

/// <summary>An open outbox, and the store that it is a part of.</summary>
internal sealed record OpenOutbox(IStore Store, IOutbox Outbox);
