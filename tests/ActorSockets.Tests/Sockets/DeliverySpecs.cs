using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Servers;
using ActorSockets.Tests.Support;

namespace ActorSockets.Tests.Sockets;

/// <summary>Byte for byte, over real sockets: what the kernel does between a sender and a server.</summary>
public sealed class DeliverySpecs : Specs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<RecordingSink> _sinks = new();

    public static TheoryData<long> Sizes => [0, 1, 65_535, 65_537, 100 << 20];

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Our_server_gets_every_byte(long size)
    {
        var events = SubscribeTo<ServerEvents.IServerEvent>();
        Sys.ActorOf(ServerActor.Props(Server("sink = discard"), new ServerMemory(Server("sink = discard")), (_, _, _, _) => Record(), Listen));
        var port = events.ExpectMsg<ServerEvents.Bound>().Endpoint.Port;

        await DeliverAsync(new GeneratedPayload(size), port);
        Assert.True(_sinks.TryDequeue(out var sink));
        Assert.Equal((size, await DigestAsync(new GeneratedPayload(size))), await sink.Completed.WaitAsync(Patience));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_plain_socket_that_pauses_after_the_first_byte_gets_every_byte(long size)
    {
        using var listener = ScriptedPeer.Listen();
        var reading = ReadWithAPauseAsync(listener);

        await DeliverAsync(new GeneratedPayload(size), ((IPEndPoint)listener.LocalEndPoint!).Port);
        Assert.Equal((size, await DigestAsync(new GeneratedPayload(size))), await reading.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_file_arrives_as_it_is()
    {
        var path = Path.GetTempFileName();
        try
        {
            var content = new byte[3_000_001];
            new Random(7).NextBytes(content);
            await File.WriteAllBytesAsync(path, content);

            using var listener = ScriptedPeer.Listen();
            var reading = ReadWithAPauseAsync(listener);
            await DeliverAsync(new FilePayload(path), ((IPEndPoint)listener.LocalEndPoint!).Port);
            Assert.Equal((content.Length, Convert.ToHexString(SHA256.HashData(content))), await reading.WaitAsync(Patience));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task DeliverAsync(Payload payload, int port)
    {
        var target = Target("busy-after = 20ms", port);
        var sender = Sys.ActorOf(SenderActor.Props(target, new DeliveryQueue(target.MaxQueued), Sys.ActorOf(ConnectGate.Props(1, 1)), Connector));
        sender.Tell(new Deliveries.Deliver("1", "t", payload), TestActor);
        var delivered = await ExpectMsgAsync<Deliveries.Sent>(Patience);
        Assert.Equal(1, delivered.Report.Attempts);
    }

    private RecordingSink Record()
    {
        var sink = new RecordingSink();
        _sinks.Enqueue(sink);
        return sink;
    }

    /// <summary>Reads one byte, waits until the sender is blocked (or has nothing left), and then reads the rest.</summary>
    private async Task<(long Bytes, string Digest)> ReadWithAPauseAsync(Socket listener)
    {
        var events = SubscribeTo<Deliveries.IDeliveryEvent>();
        using var socket = await listener.AcceptAsync();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, total) = (new byte[64 * 1024], 0L);
        for (int count; (count = await socket.ReceiveAsync(buffer.AsMemory(0, total == 0 ? 1 : buffer.Length))) > 0; total += count)
        {
            hash.AppendData(buffer, 0, count);
            if (total == 0)
                await events.FishForMessageAsync<object>(e => e is Deliveries.Blocked || (e is Deliveries.Connected { Length: < 4 << 20 }), Patience);
        }

        return (total, Convert.ToHexString(hash.GetHashAndReset()));
    }

    private static async Task<string> DigestAsync(Payload payload)
    {
        await using var stream = payload.Open();
        return Convert.ToHexString(await SHA256.HashDataAsync(stream));
    }
}
