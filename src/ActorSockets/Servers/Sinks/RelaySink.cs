using ActorSockets.Outbox;

namespace ActorSockets.Servers.Sinks;

/// <summary>
/// A connection into the outbox. While that is full, nothing is read: the client's TCP window closes. What broke off is dropped.
/// </summary>
internal sealed class RelaySink(SinkContext context) : ISink
{
    private readonly string _id = Guid.CreateVersion7().ToString();
    private readonly CancellationTokenSource _gone = new();
    private Relay? _relay;
    private IPayloadWriter? _payload;

    public string? StoredAs { get; private set; }

    public async ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk)
    {
        var payload = _payload ?? await BeginAsync();
        while (true)
        {
            try
            {
                await payload.WriteAsync(chunk);
                return default;
            }
            catch (OutboxFullException) when (payload.MayWait(chunk.Length))
            {
                await _relay!.WaitForRoomAsync();
            }
        }
    }

    public async ValueTask CompleteAsync()
    {
        // A connection that said nothing is none that wants something delivered, unless it asks for a receipt.
        if (_payload is null && !context.Server.Receipt)
            return;
        var payload = _payload ?? await BeginAsync();
        await payload.CompleteAsync();
        while (true)
        {
            try
            {
                await _relay!.SubmitAsync(payload, _id, name: null, received: null);
                break;
            }
            catch (OutboxFullException)
            {
                await _relay!.WaitForRoomAsync();
            }
        }

        StoredAs = $"{_id} for {string.Join(", ", context.Server.RelayTo)}";
        await _relay.WhenReceiptIsDueAsync(_id, _gone.Token);
    }

    /// <summary>The client has gone: what is stored is complete without its targets. May be called while it completes.</summary>
    public void StopWaiting() => _gone.Cancel();

    public ValueTask DisposeAsync() => _payload?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<IPayloadWriter> BeginAsync()
    {
        _relay = new Relay(context.Server, await context.Outbox.Opened);
        while (_relay.WhyFull(0) is not null)
            await _relay.WaitForRoomAsync();
        return _payload = _relay.Outbox.Begin();
    }
}
