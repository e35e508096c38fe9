using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Payloads;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>
/// Many payloads to one target: by this library, by a connection for each, and by what one would write by hand: lengths before payloads on one
/// connection, and a window of acknowledgements. Senders say how many were acknowledged, and in what time.
/// </summary>
internal static class SmallMessages
{
    private const int LengthBytes = 4;
    private const int Connecting = 64;

    /// <summary>By this library: target <c>t</c> of a configuration file.</summary>
    public static async Task LibrarySendAsync(string configuration, int count, int size, int window)
    {
        var system = ActorSystem.Create("sender", ConfigurationFactory.ParseString(await File.ReadAllTextAsync(configuration)));
        var library = ActorSocketsExtension.For(system);
        var payload = new BytesPayload(new byte[size]);
        using var room = new SemaphoreSlim(window);
        var delivered = 0;
        await library.SendAsync("t", payload);
        var startedAt = Stopwatch.GetTimestamp();
        var sending = new List<Task>(count);
        for (var i = 0; i < count; i++)
        {
            await room.WaitAsync();
            sending.Add(SendAsync());
        }

        await Task.WhenAll(sending);
        Gauges.Say("acknowledged", delivered, Stopwatch.GetElapsedTime(startedAt));
        await system.Terminate();

        async Task SendAsync()
        {
            if (await library.SendAsync("t", payload) is Events.Deliveries.Delivered or Events.Deliveries.Sent)
                Interlocked.Increment(ref delivered);
            room.Release();
        }
    }

    /// <summary>A connection for each, several at a time; the server's FIN is its acknowledgement.</summary>
    public static async Task EachSendAsync(int port, int count, int size)
    {
        using var gate = new SemaphoreSlim(Connecting);
        var payload = new byte[size];
        await SendOneAsync();
        var startedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            await gate.WaitAsync();
            await SendOneAsync();
            gate.Release();
        }));
        Gauges.Say("acknowledged", count, Stopwatch.GetElapsedTime(startedAt));

        async Task SendOneAsync()
        {
            using var socket = Bytes.NewSocket();
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await socket.SendAsync(payload);
            socket.Shutdown(SocketShutdown.Send);
            await socket.ReceiveAsync(new byte[1]);
        }
    }

    /// <summary>Lengths before payloads, on one connection; at most so many are without an acknowledgement.</summary>
    public static async Task PrefixedSendAsync(int port, int count, int size, int window)
    {
        using var socket = Bytes.NewSocket();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var message = new byte[LengthBytes + size];
        BinaryPrimitives.WriteInt32BigEndian(message, size);
        using var room = new SemaphoreSlim(window);
        var startedAt = Stopwatch.GetTimestamp();
        var acknowledged = AcknowledgedAsync();
        for (var i = 0; i < count; i++)
        {
            await room.WaitAsync();
            await socket.SendAsync(message);
        }

        await acknowledged;
        Gauges.Say("acknowledged", count, Stopwatch.GetElapsedTime(startedAt));

        async Task AcknowledgedAsync()
        {
            var buffer = new byte[64 * 1024];
            for (var left = count; left > 0;)
            {
                var came = await socket.ReceiveAsync(buffer);
                left -= came;
                room.Release(came);
            }
        }
    }

    /// <summary>The other end of <see cref="PrefixedSendAsync"/>: a byte for each payload.</summary>
    public static async Task PrefixedReceiveAsync()
    {
        using var listener = Bytes.Listen();
        while (true)
            _ = ReceiveAsync(await listener.AcceptAsync());

        static async Task ReceiveAsync(Socket socket)
        {
            using var _ = socket;
            var (buffer, filled) = (new byte[256 * 1024], 0);
            for (int came; (came = await socket.ReceiveAsync(buffer.AsMemory(filled))) > 0;)
            {
                filled += came;
                var (at, acknowledgements) = (0, 0);
                for (int size; filled - at >= LengthBytes && filled - at - LengthBytes >= (size = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(at))); at += LengthBytes + size)
                    acknowledgements++;
                buffer.AsSpan(at, filled - at).CopyTo(buffer);
                filled -= at;
                await socket.SendAsync(new byte[acknowledgements]);
            }
        }
    }

    /// <summary>No network: writes, flushes and renames each payload, on so many threads.</summary>
    public static async Task DurableLoopAsync(string directory, int count, int size, int threads)
    {
        var payload = new byte[size];
        var next = -1;
        var startedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(Store, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Gauges.Say("acknowledged", count, Stopwatch.GetElapsedTime(startedAt));

        void Store()
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                var path = Path.Combine(directory, i.ToString(CultureInfo.InvariantCulture));
                using (var file = new FileStream(path + ".partial", FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
                {
                    file.Write(payload);
                    file.Flush(flushToDisk: true);
                }

                File.Move(path + ".partial", path);
            }
        }
    }
}
