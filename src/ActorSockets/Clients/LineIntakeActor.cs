using System.Buffers;
using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Platform;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>
/// Takes deliveries that the program hands over into the line of a target. Payloads are copied one after another, so that their order
/// stays; what is copied is committed while the next one is being copied.
/// </summary>
internal sealed class LineIntakeActor(TargetSettings target, OutboxAccess access) : UntypedActor
{
    private const int CopyBytes = 256 * 1024;

    private readonly Queue<Asked> _waiting = new();
    private bool _isCopying;
    private int _committing;
    private bool _draining;

    public static Props Props(TargetSettings target, OutboxAccess access) => PlainProps.Of(() => new LineIntakeActor(target, access));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Deliveries.Deliver deliver when WhyNot(deliver) is { } reason:
                Reject(deliver, Sender, reason);
                break;
            case Deliveries.Deliver deliver:
                _waiting.Enqueue(new Asked(deliver, Sender));
                CopyNext();
                break;
            case Copied copied:
                _isCopying = false;
                _committing++;
                CommitAsync(copied.Outbox, copied.Payload, copied.Asked).PipeTo(Self);
                CopyNext();
                break;
            case NotCopied failed:
                _isCopying = false;
                Reject(failed.Asked.Deliver, failed.Asked.By, failed.Reason);
                CopyNext();
                break;
            case Committed committed:
                _committing--;
                Answer(committed);
                ReportDrained();
                break;
            case Deliveries.Cancel cancel:
                CancelAsync(cancel).PipeTo(Sender, Self);
                break;
            case Deliveries.Retry retry:
                // The sender is on some node; actorsockets queue retry reaches it.
                Sender.Tell(new Deliveries.NotRetrying(retry.Target));
                break;
            case Deliveries.Drain:
                _draining = true;
                ReportDrained();
                break;
            case Deliveries.CutOff:
                _draining = true;
                while (_waiting.TryDequeue(out var left))
                    Reject(left.Deliver, left.By, "the program ended before it was in the outbox");
                ReportDrained();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private string? WhyNot(Deliveries.Deliver deliver) => deliver switch
    {
        _ when _draining => "shutting down",
        { Payload: null } => "the payload is null",
        _ when target.Protocol == Protocol.Deliveries && !DeliveryId.IsValid(deliver.Id) => $"an id is 1 to {DeliveryId.MaxLength} of A-Z a-z 0-9 . _ : - (protocol = deliveries)",
        _ when _waiting.Count + _committing >= target.MaxQueued => $"{target.MaxQueued} deliveries are already waiting for the outbox (max-queued)",
        _ => null,
    };

    private void CopyNext()
    {
        if (_isCopying || !_waiting.TryDequeue(out var asked))
        {
            ReportDrained();
            return;
        }

        _isCopying = true;
        CopyAsync(asked).PipeTo(Self);
    }

    private async Task<object> CopyAsync(Asked asked)
    {
        IPayloadWriter? copy = null;
        try
        {
            var outbox = (await access.Opened).Outbox;
            copy = outbox.Begin();
            await using var payload = await asked.Deliver.Payload.OpenAsync();
            await CopyAsync(payload, copy);
            if (payload is IChecked check && await check.ChangedSinceOpenedAsync() is { } change)
                throw new IOException(change);
            await copy.CompleteAsync();
            return new Copied(asked, outbox, copy);
        }
        catch (Exception e)
        {
            // Whatever a payload of the embedding program throws.
            if (copy is not null)
                await copy.DisposeAsync();
            return new NotCopied(asked, e.Message);
        }
    }

    private static async Task CopyAsync(Stream payload, IPayloadWriter copy)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        // One that still grows is read to its end.
        var grows = payload is IGrowing;
        while (grows || copy.Length < payload.Length)
        {
            var count = await payload.ReadAsync(buffer.AsMemory(0, grows ? buffer.Length : (int)Math.Min(buffer.Length, payload.Length - copy.Length)));
            if (count == 0 && grows)
                break;
            if (count == 0)
                throw new IOException($"the payload became shorter while it was being read: {copy.Length} of {payload.Length} B");
            await copy.WriteAsync(buffer.AsMemory(0, count));
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private async Task<Committed> CommitAsync(IOutbox outbox, IPayloadWriter payload, Asked asked)
    {
        await using (payload)
        {
            try
            {
                await outbox.SubmitAsync(new Submission(payload, [new NewDelivery(target.Name, asked.Deliver.Id, asked.Deliver.Payload.Name)]));
                return new Committed(asked, null);
            }
            catch (DuplicateDeliveryException e) when (e.IsSamePayload)
            {
                // Handed over once more, perhaps by a program that did not live to hear the answer.
                return new Committed(asked, null);
            }
            catch (IOException e)
            {
                return new Committed(asked, e.Message);
            }
        }
    }

    private void Answer(Committed committed)
    {
        var (deliver, by) = committed.Asked;
        if (committed.Failure is { } reason)
        {
            Reject(deliver, by, reason);
            return;
        }

        var kept = new Deliveries.Kept(target.Name, deliver.Id);
        Context.System.EventStream.Publish(kept);
        by.Tell(kept);
    }

    /// <summary>A delivery that is cancelled has failed, as one that is not durable.</summary>
    private async Task<object> CancelAsync(Deliveries.Cancel cancel)
    {
        var events = Context.System.EventStream;
        try
        {
            var selection = new QueueSelection(target.Name, cancel.Id);
            if (await (await access.Opened).Outbox.ExecuteAsync(new QueueCommand(QueueVerb.Cancel, selection)) == 0)
                return new Deliveries.NotCancelled(target.Name, cancel.Id);
            events.Publish(new Deliveries.Failed(target.Name, cancel.Id, FailureKind.Cancelled, "cancelled", new Deliveries.Report(0, 0, 0, 0, TimeSpan.Zero, TimeSpan.Zero)));
            return new Deliveries.Cancelled(target.Name, cancel.Id);
        }
        catch (IOException)
        {
            return new Deliveries.NotCancelled(target.Name, cancel.Id);
        }
    }

    private void Reject(Deliveries.Deliver deliver, IActorRef by, string reason)
    {
        var rejected = new Deliveries.Rejected(target.Name, deliver.Id, reason);
        Context.System.EventStream.Publish(rejected);
        by.Tell(rejected);
    }

    private void ReportDrained()
    {
        if (_draining && !_isCopying && _waiting.Count == 0 && _committing == 0)
            Context.Parent.Tell(new Deliveries.Drained());
    }

    private sealed record Asked(Deliveries.Deliver Deliver, IActorRef By);

    private sealed record Copied(Asked Asked, IOutbox Outbox, IPayloadWriter Payload) : IDeadLetterSuppression;

    private sealed record NotCopied(Asked Asked, string Reason) : IDeadLetterSuppression;

    private sealed record Committed(Asked Asked, string? Failure) : IDeadLetterSuppression;
}
