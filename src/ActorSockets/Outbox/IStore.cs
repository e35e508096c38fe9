namespace ActorSockets.Outbox;

/// <summary>A store, open for this process alone. What it holds are tables for one writer.</summary>
internal interface IStore : IAsyncDisposable
{
    /// <summary>What was received.</summary>
    ILedger Ledger { get; }

    /// <summary>Opens what is to be delivered. Sweeps what a crash left. Once for a store; blocks.</summary>
    /// <exception cref="LedgerException">The store cannot be used.</exception>
    IOutbox OpenOutbox(OutboxLimits limits);
}

/// <summary>Opens stores. <c>ActorSockets.Storage</c> has those for SQLite and PostgreSQL.</summary>
internal interface IStoreOpener
{
    /// <summary>Opens the store at a place, made when there is none. Blocks; belongs on a lane.</summary>
    /// <exception cref="LedgerException">
    /// Another process has it open, it is damaged or written by a newer version, or it cannot be written. Nothing was changed.
    /// </exception>
    IStore Open(StorePlace place);

    /// <summary>Opens the outbox at a place for a person, beside the process that has it open, if any.</summary>
    /// <exception cref="LedgerException">There is none, or it cannot be read.</exception>
    Task<IQueue> OpenQueueAsync(StorePlace place);

    /// <summary>What is wrong with a place as it is written, without a look at it.</summary>
    /// <returns>The setting and what is wrong with it, without a secret; null: nothing.</returns>
    (string Key, string Message)? WhyWrong(StorePlace place);
}
