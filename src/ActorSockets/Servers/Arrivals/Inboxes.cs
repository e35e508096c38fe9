using ActorSockets.Outbox;

namespace ActorSockets.Servers.Arrivals;

/// <summary>
/// The inboxes of a system: servers with the same directory share one. The first server that needs it opens it; when the last one has
/// let go of it, other processes may have the directory.
/// </summary>
/// <param name="openStore">Opens the store in a directory; blocks.</param>
internal sealed class Inboxes(Func<string, IStore> openStore)
{
    private readonly Dictionary<string, Shared> _shared = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>The inbox of a server.</summary>
    public Lease Of(ServerSettings server)
    {
        var settings = InboxSettings.Of(server) with { Directory = Path.GetFullPath(server.Directory) };
        lock (_lock)
        {
            if (_shared.GetValueOrDefault(settings.Directory) is not { IsUsable: true } shared)
            {
                var before = _shared.GetValueOrDefault(settings.Directory)?.Closing ?? Task.CompletedTask;
                _shared[settings.Directory] = shared = new Shared(new Lazy<Task<Inbox>>(() => OpenAsync(before, settings, openStore)));
            }

            shared.Users++;
            return new Lease(this, shared);
        }
    }

    private static async Task<Inbox> OpenAsync(Task before, InboxSettings settings, Func<string, IStore> openStore)
    {
        await before;
        return await Inbox.OpenAsync(settings, openStore);
    }

    private Task ReleaseAsync(Shared shared)
    {
        lock (_lock)
            return --shared.Users > 0 || !shared.Inbox.IsValueCreated ? Task.CompletedTask : shared.Closing = CloseAsync(shared.Inbox.Value);
    }

    private static async Task CloseAsync(Task<Inbox> inbox)
    {
        try
        {
            await (await inbox).DisposeAsync();
        }
        catch (IOException)
        {
            // It did not open; or the next start finds out by itself.
        }
    }

    /// <summary>A server's share of an inbox.</summary>
    internal sealed class Lease(Inboxes inboxes, Shared shared)
    {
        private Task? _released;

        /// <summary>The inbox, which the first call opens.</summary>
        public async Task<IArrivals> OpenAsync() => await shared.Inbox.Value;

        /// <summary>The server needs it no more, and has nothing open in it; done when all that it got is written down. Later calls return the first one's task.</summary>
        public Task ReleaseAsync()
        {
            lock (inboxes._lock)
                return _released ??= inboxes.ReleaseAsync(shared);
        }
    }

    internal sealed class Shared(Lazy<Task<Inbox>> inbox)
    {
        public Lazy<Task<Inbox>> Inbox => inbox;

        public int Users { get; set; }

        /// <summary>Null: nobody has closed it.</summary>
        public Task? Closing { get; set; }

        public bool IsUsable => Closing is null && inbox is not { IsValueCreated: true, Value.IsFaulted: true };
    }
}
