namespace ActorSockets.Servers.Sinks;

/// <summary>Reads and forgets.</summary>
internal sealed class DiscardSink : ISink
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk) => ValueTask.CompletedTask;

    public ValueTask CompleteAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
