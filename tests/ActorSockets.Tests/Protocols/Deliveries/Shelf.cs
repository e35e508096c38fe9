using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;

namespace ActorSockets.Tests.Protocols.Deliveries;

/// <summary>A receiver that stores in memory and answers at once, as the protocol's page says.</summary>
internal sealed class Shelf
{
    private readonly Dictionary<string, List<byte>> _partial = [];
    private List<byte> _arriving = [];

    public Dictionary<string, (long Length, Digest Digest)> Stored { get; } = [];

    public void Hear(ReceivingEnd end, ReceivingEvent happened)
    {
        var delivery = happened.Delivery;
        switch (happened.Kind)
        {
            case ReceivingEventKind.Begun:
                _arriving = [];
                if (delivery!.Header.Asks)
                    Ask(end, delivery);
                break;
            case ReceivingEventKind.Bytes:
                _arriving.AddRange(happened.Bytes.Span);
                Assert.Equal(delivery!.Position, _arriving.Count);
                break;
            case ReceivingEventKind.Aborted:
                _partial[delivery!.Header.Id] = _arriving;
                break;
            case ReceivingEventKind.Refused:
                _partial.Remove(delivery!.Header.Id);
                break;
            case ReceivingEventKind.Cancelled:
                _partial.Remove(happened.Text!);
                break;
            case ReceivingEventKind.Ended:
                end.Give(delivery!, Store(delivery!, happened.Digest));
                break;
        }
    }

    private void Ask(ReceivingEnd end, Incoming delivery)
    {
        var header = delivery.Header;
        if (Stored.TryGetValue(header.Id, out var stored))
        {
            var same = (header.Length ?? stored.Length) == stored.Length && (header.Digest ?? stored.Digest) == stored.Digest;
            end.Give(delivery, same ? Answer.Received(stored.Length, stored.Digest) : Answer.Never(Codes.IdInUse));
            return;
        }

        if (_partial.Remove(header.Id, out var partial) && partial.Count <= (header.Length ?? long.MaxValue))
            _arriving = partial;
        end.Give(delivery, Answer.From(_arriving.Count));
    }

    private Answer Store(Incoming delivery, Digest? said)
    {
        using var hash = PayloadDigest.Of(delivery.Algorithm);
        hash.Append([.. _arriving]);
        if (said is not null && said != hash.Value())
            return Answer.Later(Codes.Mismatch);
        if (!Stored.TryAdd(delivery.Header.Id, (_arriving.Count, hash.Value())) && Stored[delivery.Header.Id] != (_arriving.Count, hash.Value()))
            return Answer.Never(Codes.IdInUse);
        return Answer.Received(_arriving.Count, hash.Value());
    }
}
