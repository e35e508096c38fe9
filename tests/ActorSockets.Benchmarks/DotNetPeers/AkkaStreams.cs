using System.Net;
using Akka.Actor;
using Akka.IO;
using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Util;
using Tcp = Akka.Streams.Dsl.TcpStreamExtensions;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>The TCP of Akka.Streams, as configured by default.</summary>
internal static class AkkaStreams
{
    private const int ElementBytes = 64 * 1024;

    public static async Task SendAsync(string payload, int port)
    {
        using var system = ActorSystem.Create("peer");
        using var bytes = new Bytes(payload, ElementBytes);
        await Source.UnfoldResource(() => bytes, Read, _ => { })
            .Via(Tcp.TcpStream(system).OutgoingConnection(new IPEndPoint(IPAddress.Loopback, port)))
            .RunWith(Sink.Ignore<ByteString>(), system.Materializer());
    }

    public static async Task ReceiveAsync()
    {
        using var system = ActorSystem.Create("peer");
        var materializer = system.Materializer();
        // Answers nothing, and ends its half when the client has.
        var discard = Flow.Create<ByteString>().Where(_ => false);
        await Tcp.TcpStream(system).Bind("127.0.0.1", 0).RunForeach(connection => connection.HandleWith(discard, materializer), materializer);
    }

    private static Option<ByteString> Read(Bytes bytes) =>
        bytes.NextByteString() is { IsEmpty: false } next ? next : Option<ByteString>.None;
}
