namespace ActorSockets.Outbox;

/// <summary>A store on disk, open for this process alone. What it holds are tables for one writer.</summary>
internal interface IStore : IAsyncDisposable
{
    /// <summary>What was received.</summary>
    ILedger Ledger { get; }

    /// <summary>Opens what is to be delivered. Sweeps what a crash left. Once for a store; blocks.</summary>
    /// <exception cref="LedgerException">The store cannot be used.</exception>
    IOutbox OpenOutbox(OutboxLimits limits);
}

/// <summary>Opens stores. <c>ActorSockets.Storage</c> has the one for SQLite.</summary>
internal interface IStoreOpener
{
    /// <summary>Opens the store in a directory, made when there is none. Blocks; belongs on a lane.</summary>
    /// <exception cref="LedgerException">
    /// Another process has it open, it is damaged or written by a newer version, or the directory cannot be written. Nothing was changed.
    /// </exception>
    IStore Open(string directory);

    /// <summary>Opens the outbox of a directory for a person, beside the process that has it open, if any.</summary>
    /// <exception cref="LedgerException">There is none, or it cannot be read.</exception>
    Task<IQueue> OpenQueueAsync(string directory);
}
