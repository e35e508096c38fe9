namespace ActorSockets.Outbox;

/// <summary>
/// Finds the storage library when the first store is opened, so that a program without one loads neither it nor a database.
/// </summary>
internal static class StoreLibrary
{
    private const string OpenerType = "ActorSockets.Storage.SqliteOpener, ActorSockets.Storage";

    /// <inheritdoc cref="IStoreOpener.Open"/>
    /// <exception cref="LedgerException">As there, or the library is not installed beside the program.</exception>
    public static IStore Open(string directory) => Opener(directory).Open(directory);

    /// <inheritdoc cref="IStoreOpener.OpenQueueAsync"/>
    /// <exception cref="LedgerException">As there, or the library is not installed beside the program.</exception>
    public static Task<IQueue> OpenQueueAsync(string directory) => Opener(directory).OpenQueueAsync(directory);

    private static IStoreOpener Opener(string directory) => Type.GetType(OpenerType, throwOnError: false) is { } type
        ? (IStoreOpener)Activator.CreateInstance(type)!
        : throw new LedgerException($"the store in {directory} needs the package ActorSockets.Storage: add it to the program");
}
