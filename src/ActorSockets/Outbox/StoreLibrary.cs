namespace ActorSockets.Outbox;

/// <summary>
/// Finds the storage library when the first store is opened, so that a program without one loads neither it nor a database.
/// </summary>
internal static class StoreLibrary
{
    private const string OpenerType = "ActorSockets.Storage.SqliteOpener, ActorSockets.Storage";

    /// <inheritdoc cref="IStoreOpener.Open"/>
    /// <exception cref="LedgerException">As there, or the library is not installed beside the program.</exception>
    public static IStore Open(string directory)
    {
        var type = Type.GetType(OpenerType, throwOnError: false)
            ?? throw new LedgerException($"the store in {directory} needs the package ActorSockets.Storage: add it to the program");
        return ((IStoreOpener)Activator.CreateInstance(type)!).Open(directory);
    }
}
