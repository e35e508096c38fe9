using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>
/// Where payloads are that are too large for a row. One is written before the row that names it is committed, and deleted after the
/// row is: one without a row is garbage. Disposed when what was to be deleted is.
/// </summary>
internal interface ILargePayloads : IAsyncDisposable
{
    /// <summary>Where the calls of <see cref="ILargePayload"/> and the others that block belong.</summary>
    BlockingThreads Lane { get; }

    /// <summary>Begins one of a new name. Blocks.</summary>
    ILargePayload Create(string name);

    /// <summary>One that is stored. Does not look at it.</summary>
    Payload Open(string name, long length);

    /// <summary>What people call it: its place.</summary>
    string Describe(string name);

    /// <summary>Whether all of one is there, as far as a row that names it can be told: a server may have lost a part without a word.</summary>
    /// <param name="session">The writer's, in the transaction of that row.</param>
    /// <param name="name">Its name.</param>
    /// <param name="length">Its bytes.</param>
    bool IsWhole(ISession session, string name, long length);

    /// <summary>Deletes one that was never submitted. Blocks; what fails is swept at the next start.</summary>
    void Drop(string name);

    /// <summary>Deletes those whose rows are gone; what fails is swept at the next start. Done when whoever hears of the room has it.</summary>
    ValueTask DeleteAsync(IReadOnlyList<string> names);

    /// <summary>Deletes all that no row names. Blocks; nobody else may have the store.</summary>
    /// <param name="session">The writer's, which has the lock.</param>
    /// <returns>Names of rows that have none.</returns>
    IReadOnlyList<string> Sweep(ISession session);

    /// <summary>Sets some room of the disk aside, where that is possible. Blocks.</summary>
    void KeepRoom();

    /// <summary>Whether there is some.</summary>
    bool HasKeptRoom { get; }

    /// <summary>
    /// While the room is gone, keeps a database beside it from growing: what is stored then goes into pages that are free in it. As its session
    /// is told last.
    /// </summary>
    void LimitGrowth(ISession session);

    /// <summary>Gives it to a change that deletes. <see cref="DeleteAsync"/> takes it back.</summary>
    Task GiveRoomAsync();
}

/// <summary>A large payload on its way in. Calls block, one at a time.</summary>
internal interface ILargePayload : IDisposable
{
    /// <summary>Adds bytes at its end: all of them, or none.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="position">Bytes so far.</param>
    /// <exception cref="Outbox.LedgerException">They cannot be written.</exception>
    void Write(ReadOnlySpan<byte> bytes, long position);

    /// <summary>Done when the commit of the row that names it makes it survive a power cut.</summary>
    /// <exception cref="Outbox.LedgerException">It cannot be flushed.</exception>
    void Flush();
}
