using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ActorSockets.Platform;
using Akka.Actor;

namespace ActorSockets.Events;

/// <summary>Events that were left out, because their reader was slower than they came.</summary>
/// <param name="Count">How many.</param>
public sealed record EventsLeftOut(long Count);

/// <summary>The system's events as an asynchronous stream.</summary>
internal static class EventReader
{
    public static async IAsyncEnumerable<object> ReadAsync(ActorSystem system, int capacity, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var events = Channel.CreateBounded<object>(new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
        var subscriber = system.ActorOf(PlainProps.Of(() => new Subscriber(events.Writer)));
        try
        {
            await foreach (var happened in events.Reader.ReadAllAsync(cancellation))
                yield return happened;
        }
        finally
        {
            system.Stop(subscriber);
        }
    }

    private sealed class Subscriber(ChannelWriter<object> events) : UntypedActor
    {
        private long _leftOut;

        protected override void PreStart()
        {
            Type[] kinds =
            [
                typeof(Deliveries.IDeliveryEvent), typeof(Deliveries.ITargetChange), typeof(ServerEvents.IServerEvent), typeof(OutboxEvents.IOutboxEvent), typeof(ClusterEvents.IClusterEvent),
                typeof(TlsEvents.ITlsEvent), typeof(Ticked),
            ];
            foreach (var kind in kinds)
                Context.System.EventStream.Subscribe(Self, kind);
        }

        protected override void OnReceive(object message)
        {
            if (_leftOut > 0 && events.TryWrite(new EventsLeftOut(_leftOut)))
                _leftOut = 0;
            if (_leftOut > 0 || !events.TryWrite(message))
                _leftOut++;
        }

        protected override void PostStop() => events.TryComplete();
    }
}
