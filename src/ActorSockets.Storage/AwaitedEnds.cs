using System.Collections.Concurrent;
using ActorSockets.Outbox;

namespace ActorSockets.Storage;

/// <summary>Deliveries whose end somebody waits for.</summary>
/// <param name="readers">Tell how far they are.</param>
internal sealed class AwaitedEnds(Readers readers)
{
    private readonly ConcurrentDictionary<(string Target, string Id), TaskCompletionSource<bool>> _awaited = new();
    private volatile bool _isStopping;

    /// <inheritdoc cref="IOutbox.IsStopping"/>
    public bool IsStopping => _isStopping;

    /// <inheritdoc cref="IOutbox.StopWaiting"/>
    public void StopWaiting()
    {
        _isStopping = true;
        foreach (var (target, id) in _awaited.Keys)
            Ended(target, id);
    }

    /// <summary>A delivery has ended, and the database has it.</summary>
    /// <param name="target">Its target.</param>
    /// <param name="id">Its id.</param>
    /// <param name="wasCancelled">Whether it is gone without its target having it, which no row tells.</param>
    public void Ended(string target, string id, bool wasCancelled = false)
    {
        if (_awaited.TryRemove((target, id), out var end))
            end.TrySetResult(wasCancelled);
    }

    /// <summary>Looks which of them wait no more.</summary>
    public async Task LookAsync()
    {
        foreach (var (target, id) in _awaited.Keys)
        {
            if (await StateAsync(target, id) is not (DeliveryState.Queued or DeliveryState.Held))
                Ended(target, id);
        }
    }

    /// <inheritdoc cref="IOutbox.WhenEndedAsync"/>
    public async Task<IReadOnlyList<string>> WhenEndedAsync(string id, IReadOnlyCollection<string> targets, CancellationToken cancellation)
    {
        var ends = targets.Select(target => _awaited.GetOrAdd((target, id), _ => new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)).Task).ToArray();
        // What has ended before it was awaited.
        foreach (var target in targets)
        {
            if (_isStopping || (await StateAsync(target, id)) is not (DeliveryState.Queued or DeliveryState.Held))
                Ended(target, id);
        }

        var wereCancelled = await Task.WhenAll(ends.Select(end => end.WaitAsync(cancellation)));
        var failed = new List<string>();
        foreach (var (target, wasCancelled) in targets.Zip(wereCancelled))
        {
            switch (await StateAsync(target, id))
            {
                case null when !wasCancelled:
                    break;
                case DeliveryState.Queued or DeliveryState.Held:
                    throw new IOException($"the delivery {id} still waits for {target}");
                default:
                    failed.Add(target);
                    break;
            }
        }

        return failed;
    }

    private Task<DeliveryState?> StateAsync(string target, string id) => readers.RunAsync(session =>
        session.Query("select state from delivery where target = ?1 and id = ?2", row => (DeliveryState?)OutboxRows.StateOf(row.GetString(0)), target, id).SingleOrDefault());
}
