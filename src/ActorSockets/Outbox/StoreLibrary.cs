namespace ActorSockets.Outbox;

/// <summary>
/// Finds the storage library when the first store is opened, so that a program without one loads neither it nor a database.
/// </summary>
internal static class StoreLibrary
{
    /// <inheritdoc cref="IStoreOpener.Open"/>
    /// <exception cref="LedgerException">As there, or the library is not installed beside the program.</exception>
    public static IStore Open(StorePlace place) => Opener(place).Open(place);

    /// <summary>The store in a directory.</summary>
    /// <inheritdoc cref="Open(StorePlace)"/>
    public static IStore Open(string directory) => Open(new StorePlace.OnDisk(directory));

    /// <inheritdoc cref="IStoreOpener.OpenQueueAsync"/>
    /// <exception cref="LedgerException">As there, or the library is not installed beside the program.</exception>
    public static Task<IQueue> OpenQueueAsync(StorePlace place) => Opener(place).OpenQueueAsync(place);

    /// <inheritdoc cref="IStoreOpener.WhyWrong"/>
    public static (string Key, string Message)? WhyWrong(StorePlace place)
    {
        try
        {
            return Opener(place).WhyWrong(place);
        }
        catch (LedgerException e)
        {
            return ("store", e.Message);
        }
    }

    private static IStoreOpener Opener(StorePlace place)
    {
        var opener = place is StorePlace.OnDisk ? "SqliteOpener" : "Postgres.PostgresOpener";
        return Type.GetType($"ActorSockets.Storage.{opener}, ActorSockets.Storage", throwOnError: false) is { } type
            ? (IStoreOpener)Activator.CreateInstance(type)!
            : throw new LedgerException($"the store in {place.Description} needs the package ActorSockets.Storage: add it to the program");
    }
}
