namespace ActorSockets.Servers.Sinks;

/// <summary>Sends back what it gets. A peer that does not read it is read from no more: both directions push back.</summary>
internal sealed class EchoSink : ISink
{
    public ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk) => new(chunk);

    public ValueTask CompleteAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
