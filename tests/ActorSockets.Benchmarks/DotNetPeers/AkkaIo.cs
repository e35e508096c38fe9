using System.Net;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>Akka.IO as its documentation has it and as it is configured by default: an ack for each write, everything pushed.</summary>
internal static class AkkaIo
{
    private const int WriteBytes = 64 * 1024;

    public static async Task SendAsync(string payload, int port)
    {
        using var system = ActorSystem.Create("peer");
        var bytes = new Bytes(payload, WriteBytes);
        var sender = system.ActorOf(Props.Create(() => new Sender(bytes, port)));
        await sender.WatchAsync();
    }

    public static async Task ReceiveAsync()
    {
        using var system = ActorSystem.Create("peer");
        system.ActorOf(Props.Create(() => new Listener()));
        await system.WhenTerminated;
    }

    private sealed class Sender : ReceiveActor
    {
        public Sender(Bytes bytes, int port)
        {
            Context.System.Tcp().Tell(new Tcp.Connect(new IPEndPoint(IPAddress.Loopback, port)));
            Receive<Tcp.Connected>(_ =>
            {
                Sender.Tell(new Tcp.Register(Self));
                Write(bytes);
            });
            Receive<Acked>(_ => Write(bytes));
            Receive<Tcp.ConnectionClosed>(_ => Context.Stop(Self));
            Receive<Tcp.CommandFailed>(failed => throw new IOException(failed.ToString()));
        }

        private static void Write(Bytes bytes)
        {
            var next = bytes.NextByteString();
            Context.Sender.Tell(next.IsEmpty ? Tcp.ConfirmedClose.Instance : Tcp.Write.Create(next, Acked.Instance));
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener()
        {
            Context.System.Tcp().Tell(new Tcp.Bind(Self, new IPEndPoint(IPAddress.Loopback, 0)));
            Receive<Tcp.Bound>(_ => { });
            Receive<Tcp.Connected>(_ => Sender.Tell(new Tcp.Register(Context.ActorOf(Props.Create(() => new Receiver())))));
        }
    }

    private sealed class Receiver : ReceiveActor
    {
        public Receiver()
        {
            Receive<Tcp.Received>(_ => { });
            Receive<Tcp.ConnectionClosed>(_ => Context.Stop(Self));
        }
    }

    private sealed class Acked : Tcp.Event
    {
        public static readonly Acked Instance = new();
    }
}
