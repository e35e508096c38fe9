namespace ActorSockets.Servers.Sinks;

/// <summary>Reads and forgets.</summary>
internal sealed class DiscardSink : ISink
{
    public ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk) => default;

    public ValueTask CompleteAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
