using ActorSockets.Outbox;

namespace ActorSockets.Servers.Arrivals;

/// <summary>The inboxes of a system: servers with the same directory share one. Opened by the first server that needs it.</summary>
/// <param name="openStore">Opens the store in a directory; blocks.</param>
internal sealed class Inboxes(Func<string, IStore> openStore)
{
    private readonly Dictionary<string, Lazy<Task<Inbox>>> _inboxes = new(StringComparer.Ordinal);

    /// <summary>The inbox of a server, once its value is asked for. Called by one thread.</summary>
    public Lazy<Task<IArrivals>> Of(ServerSettings server)
    {
        var directory = Path.GetFullPath(server.Directory);
        if (!_inboxes.TryGetValue(directory, out var inbox) || inbox is { IsValueCreated: true, Value.IsFaulted: true })
            _inboxes[directory] = inbox = new Lazy<Task<Inbox>>(() => Inbox.OpenAsync(InboxSettings.Of(server), openStore));
        return new Lazy<Task<IArrivals>>(async () => await inbox.Value);
    }

    /// <summary>Lets other processes have the directories. No server of the system runs any more.</summary>
    public async Task CloseAsync()
    {
        foreach (var inbox in _inboxes.Values.Where(inbox => inbox.IsValueCreated).Select(inbox => inbox.Value))
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
    }
}
