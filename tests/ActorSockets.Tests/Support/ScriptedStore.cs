using ActorSockets.Outbox;

namespace ActorSockets.Tests.Support;

/// <summary>A store of what a spec gives it.</summary>
/// <param name="ledger">Its ledger.</param>
/// <param name="outbox">Its outbox; null: nobody uses it.</param>
internal sealed class ScriptedStore(ILedger ledger, IOutbox? outbox = null) : IStore
{
    public ILedger Ledger => ledger;

    public IOutbox OpenOutbox(OutboxLimits limits) => outbox!;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
